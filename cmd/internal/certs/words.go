package certs

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"tls.unreadable": {"文件 {file} 读不出（{why}）；请检查路径，并让运行程序的用户可以读。",
			"the file {file} cannot be read ({why}); check its path, and that the program's user may read it."},
		"tls.no_certificate": {"文件 {file} 里没有可用的证书（{why}）；应是 PEM 文件，以 -----BEGIN CERTIFICATE----- 开头。",
			"the file {file} holds no certificate that can be used ({why}); it has to be a PEM file that begins with -----BEGIN CERTIFICATE-----."},
		"tls.no_names": {"证书 {file} 没有写明域名或 IP（subjectAltName），客户端都会拒绝它；请重新签发，写明客户端所用的名称，做法见 README“对外提供服务”。",
			"the certificate {file} names no host or IP (subjectAltName), so that every client refuses it; have it made anew with the names that clients use, see README."},
		"tls.key_encrypted": {"私钥 {file} 是加密的，程序无人输入口令；请写成不加密的（openssl pkey -in 旧文件 -out 新文件），只许本用户读（chmod 600）。",
			"the key {file} is encrypted, and nobody is there to type its passphrase; write it without one (openssl pkey -in OLD -out NEW), for this user alone to read (chmod 600)."},
		"tls.no_pair": {"私钥 {file} 与证书 {cert} 不能一起用（{why}）；请确认两个文件是同一次签发的。",
			"the key {file} does not go with the certificate {cert} ({why}); make sure that both are of the same issue."},
		"tls.not_now": {"证书 {file} 的有效期是 {from} 至 {until}，现在不能用；请换上现在有效的，或校准时钟。",
			"the certificate {file} is valid from {from} until {until} and not now; put one there that is valid, or set the clock right."},
	})
}
