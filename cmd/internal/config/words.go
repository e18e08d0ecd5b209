package config

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"config.unreadable":       {"读不到配置文件 {file}（{why}）；请检查路径和权限，或用 qingkong serve --print-config 生成一份。", "the settings file {file} cannot be read ({why}); check its path and permissions, or write one with qingkong serve --print-config."},
		"config.too_large":        {"配置文件 {file} 超过 {limit} 字节，多半不是配置文件；请检查路径。", "the settings file {file} is larger than {limit} bytes and hardly one of ours; check the path."},
		"config.malformed":        {"读不懂（{why}）；请对照 qingkong serve --print-config 的写法改正。", "cannot be read ({why}); compare it with qingkong serve --print-config."},
		"config.unknown_key":      {"没有“{name}”这一项；请对照 qingkong serve --print-config 改正或删去。", "there is no key {name}; mend or remove it, qingkong serve --print-config lists them all."},
		"config.unknown_variable": {"没有这个名称的单值配置项；请改正或取消这个环境变量（列表只能写在配置文件里）。", "names no key with a single value; mend or unset the variable (lists are set in the file alone)."},
		"config.wrong_variable":   {"值“{value}”读不懂，应如 {want}；请改正或取消这个环境变量。", "the value {value} cannot be read, it should look like {want}; mend or unset the variable."},
		"config.word":             {"“{value}”不是词或名称；请填写 1 至 40 个字，前后不留空格。", "{value} is no word or name; give 1 to 40 characters with no spaces around them."},
		"config.weights":          {"三项权重不能都为 0；请至少写一项。", "the three weights are all 0; give at least one of them."},
		"config.between":          {"值 {value} 超出范围；请改为 {low} 到 {high} 之间。", "the value {value} is out of range; use one from {low} to {high}."},
		"config.region":           {"值“{value}”不是六位行政区划代码；请写成带引号的六位数字，如 \"120111\"。", "the value {value} is not a division code; write six digits in quotes, like \"120111\"."},
		"config.address":          {"值“{value}”不是监听地址；请写成 主机:端口，如 127.0.0.1:8080，端口 0 表示由系统分配。", "the value {value} is no address to listen on; write host:port like 127.0.0.1:8080, port 0 lets the system choose."},
		"config.proxy":            {"值“{value}”不是地址或网段；请写成 10.0.0.5 或 10.0.0.0/24。", "the value {value} is neither an address nor a network; write 10.0.0.5 or 10.0.0.0/24."},
		"config.not_with":         {"kind 为 {kind} 时不能有这一项；请删去，或改正 kind。", "does not go with kind {kind}; remove it, or mend kind."},
		"config.feed_url":         {"不是网址；请写成 https://主机/路径。", "is no web address; write https://host/path."},
		"config.creds_alone":      {"给了凭据文件“{value}”却没有 nats.url；请补上外部 NATS 的地址，或删去凭据以用内置服务器。", "names the credentials {value} without nats.url; add the server's URL, or remove the credentials to use the embedded server."},
		"config.ca_alone":         {"给了“{value}”却没有 nats.url：它用来核对外部 NATS 的证书；请补上 nats.url 或删去此项（内置服务器的证书写在 nats.tls）。", "names {value} without nats.url: it is for the certificate of an external server; add nats.url or remove it (the embedded server's certificate is nats.tls)."},
		"config.tls_half":         {"没有这一项（现为“{value}”），而有 {other}；证书和私钥要一起写，都写 PEM 文件的路径，如 /etc/qingkong/server.pem。", "is missing (it is \"{value}\") while {other} is there; give certificate and key together, each the path of a PEM file like /etc/qingkong/server.pem."},
		"config.tls_without":      {"值“{value}”要与 TLS 一起用；请补上 {needs}，或删去此项。", "the value {value} goes with TLS alone; add {needs}, or remove it."},
		"config.tls_outside":      {"值“{value}”用于内置 NATS，而 nats.url 用的是外部的：它的 TLS 在 nats-server 的配置里；请删去此项，核对它的证书用 nats.ca。", "the value {value} is for the embedded NATS, and nats.url names an external one, whose TLS stands in the configuration of nats-server; remove it, and use nats.ca to check its certificate."},
		"config.nats_url":         {"值“{value}”不是 NATS 地址；请写成 nats://主机:端口，多个用逗号分开。", "the value {value} is no NATS address; write nats://host:port, several separated by commas."},
		"config.url_secret":       {"地址 {value} 里含有用户名或口令；请移到 nats.creds 指定的文件里。", "the address {value} carries a user or password; move them to the file that nats.creds names."},

		"config.public_url": {"“{value}”不是公示网址；应如 https://qk.example.gov.cn，不带口令、参数。", "{value} is no address of public pages; write it like https://qk.example.gov.cn, without a password or parameters."},
		"config.one_line":   {"应为不超过 {limit} 个字的一行文字，不能是“{value}”。", "must be one line of at most {limit} characters, not {value}."},
	})
}
