package dialog

import (
	"fmt"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// Words says in "zh-CN" (the default) or "en" what became of a request, with the station's own code in words; of one without
// a result that it waits.
func (o Outcome) Words(lang string) string {
	if o.Result == "" {
		return refusal.Text("dialog.waits", lang, nil)
	}
	args := refusal.Args{"tries": o.Sent, "why": refusal.Words(o.codeRule(), refusal.Args{"code": o.Code})}
	return refusal.Text("dialog."+string(o.Result), lang, args)
}

// codeRule names the words of a code (HJ 212-2017, appendix C).
func (o Outcome) codeRule() string {
	kind := "exe"
	if o.Result == Rejected {
		kind = "qn"
	}
	if rule := fmt.Sprintf("dialog.%s.%d", kind, o.Code); refusal.Known(rule) {
		return rule
	}
	return "dialog.code"
}

// Words is what a station is asked, in "zh-CN" (the default) or "en".
func (r Request) Words(lang string) string {
	return refusal.Text("dialog.ask."+string(r.Kind), lang, refusal.Args{"value": r.Value,
		"from": r.From.In(hj212.Beijing).Format("2006-01-02 15:04"), "to": r.To.In(hj212.Beijing).Format("2006-01-02 15:04")})
}

func init() {
	refusal.Register(map[string]refusal.Pair{
		"dialog.waits":      {"等待设备应答或执行。", "waiting for the device."},
		"dialog.done":       {"已执行。", "done."},
		"dialog.rejected":   {"设备拒绝：{why}。", "the device refuses: {why}."},
		"dialog.failed":     {"设备执行失败：{why}。", "the device could not do it: {why}."},
		"dialog.silent":     {"发了 {tries} 次，设备没有应答；只上报、不接受反控的设备都是这样。", "sent {tries} times without an answer, as devices do that only ever send."},
		"dialog.unfinished": {"设备应允以后没有返回执行结果。", "the device agreed and never said how it went."},
		"dialog.broken":     {"连接中断，没有结果。", "the connection ended before there was a result."},

		"dialog.code":    {"代码 {code}，标准没有这一项", "code {code}, which the standard does not have"},
		"dialog.qn.1":    {"准备执行", "ready"},
		"dialog.qn.2":    {"请求被拒绝", "rejected"},
		"dialog.qn.3":    {"密码错误", "wrong password (PW)"},
		"dialog.qn.4":    {"设备编号错误", "wrong number of the station (MN)"},
		"dialog.qn.5":    {"系统编码错误", "wrong system code (ST)"},
		"dialog.qn.6":    {"标志位错误", "wrong Flag"},
		"dialog.qn.7":    {"请求编号错误", "wrong number of the request (QN)"},
		"dialog.qn.8":    {"命令编码错误", "wrong command (CN)"},
		"dialog.qn.9":    {"校验错误", "wrong CRC"},
		"dialog.qn.100":  {"未知错误", "unknown error"},
		"dialog.exe.1":   {"执行成功", "done"},
		"dialog.exe.2":   {"执行失败，不知道原因", "failed, it is not known why"},
		"dialog.exe.3":   {"命令的条件错误", "a condition of the command is wrong"},
		"dialog.exe.4":   {"通信超时", "no answer in time"},
		"dialog.exe.5":   {"系统繁忙，不能执行", "busy"},
		"dialog.exe.6":   {"系统故障", "a fault of the system"},
		"dialog.exe.100": {"没有数据", "no data"},

		"dialog.ask.1012": {"校准时钟", "set the clock"},
		"dialog.ask.1062": {"实时数据间隔设为 {value} 秒", "set the interval of samples to {value} s"},
		"dialog.ask.1064": {"分钟数据间隔设为 {value} 分钟", "set the interval of minute values to {value} min"},
		"dialog.ask.2051": {"补取 {from} 至 {to} 的分钟数据", "fetch minute values from {from} to {to}"},
		"dialog.ask.2061": {"补取 {from} 至 {to} 的小时数据", "fetch hour values from {from} to {to}"},
		"dialog.ask.2031": {"补取 {from} 至 {to} 的日数据", "fetch day values from {from} to {to}"},
	})
}
