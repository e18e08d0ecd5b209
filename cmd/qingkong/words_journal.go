package main

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"backup.progress": {"正在备份：第 {block} 块，共 {of} 块，已写 {mb} MB",
			"backing up: block {block} of {of}, {mb} MB written"},
		"backup.done": {"备份完成：{file}，第 {first}—{last} 块，{kb} KB",
			"backed up: {file}, blocks {first} to {last}, {kb} KB"},
		"backup.keep_plain": {"请复制到另一台机器；文件含联系人和口令散列，没有加密，须妥善保管",
			"copy it to another machine, and keep it safe: it holds contacts and password hashes and is not encrypted"},
		"backup.keep_encrypted": {"已加密；请复制到另一台机器，口令另外保管：没有口令谁也恢复不了",
			"it is encrypted; copy it to another machine and keep the passphrase elsewhere: nobody can restore it without"},
		"backup.done_there": {"服务器已写好备份：{file}（在服务器上），到第 {last} 块，根 {root}，{kb} KB",
			"the server has written {file} (on the server), up to block {last}, root {root}, {kb} KB"},
		"backup.waiting": {"服务器还在写，已等 {waited}，最多等 {limit}",
			"the server is still writing; waited {waited} of {limit}"},
		"backup.still_written": {"等了 {waited}，服务器还在写备份，不会因此中断；加 {flags} 再问会得到结果",
			"the server is still writing the backup after {waited} and goes on; ask again with {flags} for its outcome"},
		"backup.restoring": {"正在重放：第 {block} 块，共 {of} 块", "replaying: block {block} of {of}"},
		"backup.restored":  {"已恢复并逐块证明：到第 {block} 块，{entries} 条，根 {root}；保密库 {vault} 项，已删除 {erased} 项；文件 {blobs} 个；备份时间 {at}。备份以后的操作不在其中", "restored and proved block by block: up to block {block}, {entries} entries, root {root}; {vault} entries of the vault, {erased} erased; {blobs} files; backed up at {at}. What was done after that is not in it"},
		"backup.rotten": {"保密库有 {count} 项在备份以前就已损坏，请重新登记联系人或换发口令",
			"{count} entries of the vault were damaged before they were backed up; enter contacts or issue credentials anew"},
		"backup.start": {"启动", "start it with"},
		"backup.stream_holds": {"外部 NATS 的数据流里已有 {blocks} 块，未做改动；恢复会与它分叉。请直接以空目录启动节点由数据流补齐，或先停下所有节点并清空该数据流。",
			"the stream of the external NATS holds {blocks} blocks and nothing was changed; a restore would fork from it. Start the node on an empty folder to fill it from the stream, or stop all nodes and empty that stream first."},

		"check.progress": {"由运行中的程序核对：第 {block} 块，共 {of} 块", "the running program checks itself: block {block} of {of}"},

		"tls.untrusted": {"{url} 的证书不可信（{why}）；请用 --ca 指定签发它的 CA 证书文件（向服务器的管理员索取）。没有发送任何内容。",
			"the certificate of {url} is not trusted ({why}); name the file with its authority's certificate with --ca (ask who runs the server for it). Nothing was sent."},
		"tls.other_name": {"{url} 的证书是发给 {names} 的（{why}）；请用其中的域名或 IP 连接，或请管理员重新签发。没有发送任何内容。",
			"the certificate of {url} is for {names} ({why}); connect to one of these, or have it made anew. Nothing was sent."},
		"tls.expired": {"{url} 的证书不在有效期内（{why}）；请管理员换上有效的证书，并核对本机时钟。没有发送任何内容。",
			"the certificate of {url} is not valid now ({why}); have it renewed by who runs the server, and see to this machine's clock. Nothing was sent."},
		"tls.none_there": {"{url} 不用 TLS（{why}）；请核对地址和端口，或请管理员配置 TLS。没有发送任何内容。",
			"{url} does not speak TLS ({why}); check address and port, or have TLS configured there. Nothing was sent."},
		"tls.refused": {"{url} 拒绝了 TLS 连接（{why}）；它多半要求客户端证书，请用 --cert 和 --key 给出由它的 CA 签发的证书。",
			"{url} refuses the connection ({why}); most likely it asks for a client's certificate: give one that its authority signed with --cert and --key."},
		"tls.wanted": {"{url} 用 TLS；请把地址写成 https://。令牌已经明文发出，请换发。",
			"{url} speaks TLS; write the address with https://. The token has been sent in the clear: have a new one issued."},
		"backup.no_blobs": {"记录引用的文件有 {count} 个不在备份里（备份以前就已缺失或损坏），请重新上传原件；qingkong journal check 逐个列出",
			"{count} files that the record names are in no backup: they were missing or damaged before. Upload the originals again; qingkong journal check names each"},
	})
}
