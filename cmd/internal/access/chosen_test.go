package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
)

// An attacker who knows the place, the program and the account tries these within the first thousands.
func TestPasswordsThatAreGuessedFirstAreRefused(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	p.About = []string{"西青区", "120111"}
	issued := h.submit(AddAccountCommand("admin", "",
		calls.NewAccount{User: "zhang_wei3", Role: "town", Name: "欧阳建国", Town: "杨柳青镇"}))
	for rule, passwords := range map[string][]string{
		// Little besides words that are known, and years; whatever the keys, the script or the look-alikes.
		"access.password_name": {
			"Qingkong@2026", "QINGKONG#1998!", "qingkong2026qingkong", "Qingkong@)@^", "Q1ngk0ng@2026", "ｑｉｎｇｋｏｎｇ＠２０２６",
			"晴空晴空晴空晴空2026",
			"Xiqing@202620", "Xiqingqu@2026", "西青区值班室口令2026", "西青区二〇二六年值班室口令", "120111@xiqing", "Tianjin@2026!", "天津市西青区环保局2026",
			"Ouyang@jianguo1", "jianguo@202611", "OYJG@20262026", "Zhangwei@2026", "zhang_wei3zhang_wei3", "zhang-wei-zhang-wei",
			"Yangliuqing#1",
			"Duty@20262026", "Admin@1998!!", "admin_duty_town", "Zhibanyuan2026", "shenpiren@2026", "duty - admin - duty",
			"管理员审批人值班员2026",
			"qingkong-xiqing-2026-1998-2001",
		},
		// In the lists, with whatever keys are shifted.
		"access.password_common": {
			"1qaz@WSX3edc", "!QAZ@WSX#EDC", "1QAZ2wsx#EDC", "1qaz@WSX3edc4rfV", "Zaq1@WSXcde3", "P@ssw0rd1234", "Passw0rd!@#$",
			"PasswordPassword", "QWERTYUIOP{}", "Qwertyuiop!@",
			"!@#$!@#$!@#$", "1!1!1!1!1!1!", "!@#$%^&*()!@#$", "1234567890!@#", "一二三四五六七八九十一二", "九八七六五四三二一零九八", "WoAiNi!#!$520"},
		// Words of the usual lists, rows of keys, dates, and what little is put behind them.
		"access.password_weak": {
			"Password@123", "Password@2026", "Password@2026!", "P@ssw0rd@2026", "P@$$w0rd2026!", "Welcome@2026!",
			"Welcome123456!", "Summer2026!!", "Iloveyou@520", "letmein!2026!",
			"Qwerty@123456", "qwertyuiop@123", "asdfghjkl;'1", "Abcd@12345678", "abcdefg1234567", "qazwsxedcqazwsxedc",
			"Woaini@1314520", "woaizhongguo520",
			"Monkey@dragon1", "michael@1990!", "passwordpasswordpassword1", "qwertyuiop" + strings.Repeat("qwertyuiop", 10),
			"1234qwer!@#$",
		},
	} {
		for _, password := range passwords {
			_, err := p.Change(t.Context(), "zhang_wei3", issued.Password, password)
			if got := fieldRule(err); got != rule {
				t.Errorf("%q: %q (%v), want %s", password, got, err, rule)
			}
		}
	}
	if n := p.hashes.Load(); n != 0 {
		t.Errorf("%d hashes for what was refused by its looks", n)
	}
}

// What people are told to use stays accepted: a few words, in any language.
func TestPassphrasesAreAccepted(t *testing.T) {
	who := &Principal{User: "zhangsan", Role: calls.Duty, Name: "张三", Town: "杨柳青镇"}
	about := []string{"西青区", "120111"}
	for _, password := range []string{
		"trois mots à moi", "correct horse battery", "correct horse battery staple", "zhangsan likes long walks",
		"tea before every sunrise",
		"十二个汉字组成的一句口令", "清早起来先喝一碗小米粥", "楼下那只黑猫总在晒太阳", "我家阳台种了三盆茉莉花", "外婆的搪瓷杯还放在窗台上", "春天去河边放风筝吧2026", "西青区的银杏叶一到十月就黄了",
		"晴空下骑车去看老同学的孩子", "雨夜旧书店与一杯热可可", "laojia de zaoshu jie le sanbai ke", "mao xihuan shai taiyang",
		"maotaiyangxiaomizhou",
		"grüne Bären tanzen spät", "пять котов на крыше", "犬とさんぽする朝の公園で", "xK9#mQ2$vL5@", "gbvnwqkzpthx",
		"7294-vx-lumen-brook", "示例口令 of my own",
		"H3r0n.w@dersAtDusk", strings.Repeat("lamp ", 3) + "quartz heron", strings.Repeat("一段很长的话，", 3) + "说的是河边的老柳树。",
		"NIKAQ7R2TL5VXWJ6MBDYUHOE3C",
	} {
		if len([]rune(password)) < leastChosen {
			password += "，每天如此"
		}
		if err := checkChosen(password, who, about); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}

// Six characters besides what is known are enough, five are not.
func TestSixCharactersRemain(t *testing.T) {
	words := wordsOf(&Principal{User: "zhangsan", Role: calls.Duty, Name: "张三"}, []string{"西青区"})
	for text, want := range map[string]int{
		"qingkongkx7mq2": 6, "qingkongkx7mq": 5, "西青区kx7mq张三": 5, "k x 7 m q duty": 5, "2026kx7mq1999": 5,
		"qinqingkonggkong": 8, "": 0, "zhangsan": 0,
	} {
		if got := besides(fold(text), words); got != want {
			t.Errorf("%q: %d remain, want %d", text, got, want)
		}
	}
}

// The refusal says how much is missing and what to do, in the reader's language, without the password.
func TestAPasswordsRefusalSaysWhatToDo(t *testing.T) {
	who := &Principal{User: "duty", Role: calls.Duty}
	for password, want := range map[string][2]string{
		"Qingkong@2026": {"只剩 1 个字符，至少要 6 个；请加上两三个与这些无关的词",
			"1 characters remain and at least 6 have to; add two or three words"},
		"Password@123": {"请再加一两个互不相干的词", "Add one or two words"},
		"1qaz@WSX3edc": {"请换成几个互不相干的词", "use a few words in a row"},
	} {
		err, ok := checkChosen(password, who, nil).(*refusal.Error)
		if !ok {
			t.Fatalf("%q is accepted", password)
		}
		for i, lang := range []string{"zh-CN", "en"} {
			if said := err.Fields[0].Message(lang); !strings.Contains(said, want[i]) || strings.Contains(said, password) {
				t.Errorf("%q: %s", password, said)
			}
		}
	}
}

// costly are long texts of which zxcvbn finds the most: in its lists, on keyboards, among dates, and signs for letters.
func costly() []string {
	var all []string
	for _, unit := range []string{"4@8({[<369!|01$5+7%2", "thequickbrownfoxjumpsoverthelazydog", "qazwsxedcrfvtgbyhnujm",
		"1q2w3e4r5t6y", "7531597531", "11.12.1999",
		"0102199", "password", "abcdefg", "aB", "ä", "欧阳", "qwertyuiop", "(@$!|4"} {
		text := strings.Repeat(unit, mostChosen/len([]rune(unit))+1)
		all = append(all, string([]rune("x" + text)[:mostChosen]))
	}
	return all
}

// However long a password is and whatever is in it, its score is known soon. The bound is far from what it takes (0.4
// s); without its limits some take 11 s each.
func TestAScoreTakesNoTimeToSpeakOf(t *testing.T) {
	words := wordsOf(&Principal{User: "zhangsan", Role: calls.Duty, Name: "欧阳建国"}, []string{"西青区"})
	begin := time.Now()
	for _, text := range costly() {
		score(text, words)
		besides(fold(text), words)
	}
	if took := time.Since(begin); took > 60*time.Second {
		t.Errorf("%d passwords took %v", len(costly()), took)
	}
}

// No more passwords are judged at once than there are places.
func TestJudgingWaitsForItsTurn(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	p.Wait = 50 * time.Millisecond
	issued := h.account("duty", calls.Duty)
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	if _, err := p.Change(t.Context(), "duty", issued.Password, own); ruleOf(err) != "access.passwords_busy" {
		t.Errorf("with all places taken: %v", err)
	}
	if _, err := p.Change(t.Context(), "duty", issued.Password, "short"); fieldRule(err) != "access.password_length" {
		t.Errorf("what needs no judging waits too: %v", err)
	}
	<-p.places
	h.change(p, "duty", issued.Password, own)
}

func BenchmarkScore(b *testing.B) {
	words := wordsOf(&Principal{User: "zhangsan", Role: calls.Duty, Name: "欧阳建国"}, []string{"西青区"})
	for i, text := range append([]string{"correct horse battery", "楼下那只黑猫总在晒太阳"}, costly()...) {
		b.Run(fmt.Sprintf("%d %.12s", i, text), func(b *testing.B) {
			for b.Loop() {
				score(text, words)
			}
		})
	}
}
