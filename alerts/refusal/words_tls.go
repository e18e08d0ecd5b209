package refusal

// What TLS and the listeners say, at the start, in the checks and on the command line.
func init() {
	register(map[string]words{
		"tls.unreadable":     {"文件 {file} 读不出（{why}）；请检查路径，并让运行程序的用户可以读。", "the file {file} cannot be read ({why}); check its path, and that the program's user may read it."},
		"tls.no_certificate": {"文件 {file} 里没有可用的证书（{why}）；应是 PEM 文件，以 -----BEGIN CERTIFICATE----- 开头。", "the file {file} holds no certificate that can be used ({why}); it has to be a PEM file that begins with -----BEGIN CERTIFICATE-----."},
		"tls.no_names":       {"证书 {file} 没有写明域名或 IP（subjectAltName），客户端都会拒绝它；请重新签发，写明客户端所用的名称，做法见 README“对外提供服务”。", "the certificate {file} names no host or IP (subjectAltName), so that every client refuses it; have it made anew with the names that clients use, see README."},
		"tls.key_encrypted":  {"私钥 {file} 是加密的，程序无人输入口令；请写成不加密的（openssl pkey -in 旧文件 -out 新文件），只许本用户读（chmod 600）。", "the key {file} is encrypted, and nobody is there to type its passphrase; write it without one (openssl pkey -in OLD -out NEW), for this user alone to read (chmod 600)."},
		"tls.no_pair":        {"私钥 {file} 与证书 {cert} 不能一起用（{why}）；请确认两个文件是同一次签发的。", "the key {file} does not go with the certificate {cert} ({why}); make sure that both are of the same issue."},
		"tls.not_now":        {"证书 {file} 的有效期是 {from} 至 {until}，现在不能用；请换上现在有效的，或校准时钟。", "the certificate {file} is valid from {from} until {until} and not now; put one there that is valid, or set the clock right."},

		"tls.untrusted":  {"{url} 的证书不可信（{why}）；请用 --ca 指定签发它的 CA 证书文件（向服务器的管理员索取）。没有发送任何内容。", "the certificate of {url} is not trusted ({why}); name the file with its authority's certificate with --ca (ask who runs the server for it). Nothing was sent."},
		"tls.other_name": {"{url} 的证书是发给 {names} 的（{why}）；请用其中的域名或 IP 连接，或请管理员重新签发。没有发送任何内容。", "the certificate of {url} is for {names} ({why}); connect to one of these, or have it made anew. Nothing was sent."},
		"tls.expired":    {"{url} 的证书不在有效期内（{why}）；请管理员换上有效的证书，并核对本机时钟。没有发送任何内容。", "the certificate of {url} is not valid now ({why}); have it renewed by who runs the server, and see to this machine's clock. Nothing was sent."},
		"tls.none_there": {"{url} 不用 TLS（{why}）；请核对地址和端口，或请管理员配置 TLS。没有发送任何内容。", "{url} does not speak TLS ({why}); check address and port, or have TLS configured there. Nothing was sent."},
		"tls.refused":    {"{url} 拒绝了 TLS 连接（{why}）；它多半要求客户端证书，请用 --cert 和 --key 给出由它的 CA 签发的证书。", "{url} refuses the connection ({why}); most likely it asks for a client's certificate: give one that its authority signed with --cert and --key."},
		"tls.wanted":     {"{url} 用 TLS；请把地址写成 https://。令牌已经明文发出，请换发。", "{url} speaks TLS; write the address with https://. The token has been sent in the clear: have a new one issued."},

		"listen.beyond": {"值“{value}”让本机以外的（{bound}）也能连接，而没有 TLS，口令、令牌和减排令会明文经过网络。请配置 {tls} 的 cert 和 key（做法见 README“对外提供服务”），或只让本机连接：127.0.0.1:{port}；由另一台机器上的反向代理终止 TLS 的，设 insecure_listen: true。没有启动，未写入任何内容。",
			"the value {value} lets others than this machine connect ({bound}) without TLS, and passwords, tokens and orders could be read on the way. Set cert and key of {tls} (README says how), or let this machine alone connect: 127.0.0.1:{port}; where a reverse proxy on another machine ends TLS, set insecure_listen: true. It did not start, and nothing was written."},
		"listen.unknown_host": {"值“{value}”里的主机名查不到地址（{why}），无从知道本机以外是否能连接；请改正主机名，或写成地址，如 127.0.0.1:{port}。没有启动，未写入任何内容。",
			"no address is found for the host of {value} ({why}), so that nobody knows whether others than this machine can connect; mend the name, or write an address like 127.0.0.1:{port}. It did not start, and nothing was written."},

		"watch.tls_kept":      {"{setting}：自 {since} 起新的证书文件不能用（{why}），仍用旧的，有效期到 {until}。换好文件后自动启用，不用重启。", "{setting}: since {since} the new certificate files cannot be used ({why}); the old certificate is served on, which is valid until {until}. Good files are taken by themselves, without a restart."},
		"watch.tls_soon":      {"{setting} 的证书 {file} 还有 {days} 天到期（{until}）；请换上新的证书和私钥，不用重启。", "the certificate {file} of {setting} expires in {days} days ({until}); put a new certificate and key in its place, no restart is needed."},
		"watch.tls_not_valid": {"{setting} 的证书 {file} 现在无效（有效期 {from} 至 {until}），浏览器和企业端会拒绝连接；请换上有效的证书和私钥，不用重启，或校准时钟。", "the certificate {file} of {setting} is not valid now (from {from} until {until}), and browsers and agents refuse to connect; put a valid certificate and key in its place, no restart is needed, or set the clock right."},
	})
}
