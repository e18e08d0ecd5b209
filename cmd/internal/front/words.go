package front

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"listen.beyond":          {"值“{value}”让本机以外的（{bound}）也能连接，而没有 TLS，口令、令牌和减排令会明文经过网络。请配置 {tls} 的 cert 和 key（做法见 README“对外提供服务”），或只让本机连接：127.0.0.1:{port}；由另一台机器上的反向代理终止 TLS 的，设 insecure_listen: true。没有启动，未写入任何内容。", "the value {value} lets others than this machine connect ({bound}) without TLS, and passwords, tokens and orders could be read on the way. Set cert and key of {tls} (README says how), or let this machine alone connect: 127.0.0.1:{port}; where a reverse proxy on another machine ends TLS, set insecure_listen: true. It did not start, and nothing was written."},
		"listen.beyond_stations": {"值“{value}”让本机以外的（{bound}）也能连接，而没有 TLS，监测数据和设备密码会明文经过网络，能看到的人可以冒充设备。数采仪支持 TLS 的，配置 {tls} 的 cert 和 key；不支持的，限于专网或 VPN、用防火墙限定来源，再设 hj212.insecure_listen: true；或只让本机连接：127.0.0.1:{port}。没有启动，未写入任何内容。", "the value {value} lets others than this machine connect ({bound}) without TLS, and data and passwords of stations could be read on the way, and used to pass for them. Where loggers have TLS, set cert and key of {tls}; where they have none, keep to a private network, let the firewall name the sources and set hj212.insecure_listen: true; or let this machine alone connect: 127.0.0.1:{port}. It did not start, and nothing was written."},
		"listen.unknown_host": {"值“{value}”里的主机名查不到地址（{why}），无从知道本机以外是否能连接；请改正主机名，或写成地址，如 127.0.0.1:{port}。没有启动，未写入任何内容。",
			"no address is found for the host of {value} ({why}), so that nobody knows whether others than this machine can connect; mend the name, or write an address like 127.0.0.1:{port}. It did not start, and nothing was written."},
	})
}
