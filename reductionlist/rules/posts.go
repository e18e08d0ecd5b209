package rules

import (
	"slices"
	"strings"
	"unicode/utf8"

	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// surnames are the common surnames (公安部, 二〇二〇年全国姓名报告, the first hundred [K]), some more that begin no other word, and
// those of two characters. A text of two to four characters that begins with one and does not end in a post is taken
// for a person's name.
var surnames = append(strings.Split("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤洪翟倪牛俞鲁葛聂柴邢岳庄耿詹霍翁柯阮裴鲍穆尤", ""),
	"欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "长孙", "宇文", "东方", "南宫", "端木")

// postWords are the usual words of a post; see [Settings].PostWords.
var postWords = []string{"长", "经理", "主任", "主管", "负责", "员", "岗", "班", "部", "科", "室", "处", "总", "组", "书记", "师", "工", "站",
	"队", "中心", "办", "所", "厂", "公司", "局", "委", "调度", "人", "管", "段"}

// ownResponsible finds a person's name where a post belongs, and a text that names no post.
func ownResponsible(m *list.Measure, s *Settings, found *cellFaults) {
	said := text.Fold(m.Responsible)
	has := func(is func(said, word string) bool) bool {
		return slices.ContainsFunc(s.PostWords, func(w string) bool { return w != "" && is(said, w) })
	}
	n := utf8.RuneCountInString(said)
	named := slices.ContainsFunc(surnames, func(name string) bool { return strings.HasPrefix(said, name) })
	switch {
	case said == "":
	case n >= 2 && n <= 4 && named && !has(strings.HasSuffix):
		found.add("责任人", "list.person_named", nil)
	case !has(strings.Contains):
		found.add("责任人", "list.not_a_post", nil)
	}
}
