package uploads

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"uploads.none":      {"本节点不接收分段上传；请用 POST /evidence。", "this node takes no uploads in pieces; use POST /evidence."},
		"uploads.size":      {"文件超过 {limit} MB，没有开始上传；请压缩或剪短后再传。", "the file has more than {limit} MB and no upload was begun; send a smaller one."},
		"uploads.open":      {"没传完的文件已有 {limit} 个；请先传完或取消前面的，再传新的。", "{limit} of your uploads are not complete; complete or end some of them first."},
		"uploads.waiting":   {"没传完的文件合计将超过 {limit} MB；请先传完或取消前面的，再传新的。", "what you have not uploaded to its end would have more than {limit} MB; complete or end some of it first."},
		"uploads.full":      {"服务器上没传完的文件太多；已传的部分都在，请几分钟后继续。", "too much lies here that has come in part; what you sent is kept, go on in some minutes."},
		"uploads.key":       {"这个 Idempotency-Key 已用于另一次上传（长度或说明不同）；请换一个。", "this Idempotency-Key names another upload, of another length or with other metadata; take a new one."},
		"uploads.disk":      {"服务器存不下上传的文件（{why}）；已确认的部分都在，请让管理员清理数据目录所在的磁盘，然后继续。", "the server cannot keep the file ({why}); what was confirmed is kept. Have the disk of the data folder freed, then go on."},
		"uploads.not_found": {"没有上传 {id}，或已过期；请重新开始上传。", "there is no upload {id}, or it has expired; begin it again."},
		"uploads.busy":      {"这次上传正在处理；请稍后再试。", "this upload is being worked on; try again in a moment."},
		"uploads.long":      {"这一段太长：一段至多 {limit} MB，全长 {length} 字节；请查一下已收到多少（HEAD），从那里继续。", "the piece is too long: one has at most {limit} MB, and the file {length} bytes; ask how much is here (HEAD) and go on from there."},
		"uploads.length":    {"Upload-Length 应为不小于 1 的整数，不能是“{value}”；长度未定的上传不接受。", "Upload-Length is a whole number from 1 on, not {value}; uploads of unknown length are not taken."},
		"uploads.metadata":  {"Upload-Metadata 读不出（{value}）；应为逗号分隔的“名称 base64 值”，合计不超过 {limit} 字节。", "Upload-Metadata cannot be read ({value}); it has pairs of a name and a value in base64, separated by commas, of {limit} bytes at most."},
		"uploads.sha256":    {"元数据 sha256 应为 64 位小写十六进制数，不能是“{value}”。", "the metadata sha256 are 64 hexadecimal digits in small letters, not {value}."},
		"uploads.offset":    {"Upload-Offset 为 {value}，而已收到 {offset} 字节；请从那里继续。", "Upload-Offset is {value}, and {offset} bytes are here; go on from there."},
		"uploads.media":     {"分段上传的内容类型应为 application/offset+octet-stream，不能是“{value}”。", "a piece is of the type application/offset+octet-stream, not {value}."},
		"uploads.version":   {"请求应带 Tus-Resumable: 1.0.0（现为“{value}”）。", "a request of an upload has Tus-Resumable: 1.0.0, not {value}."},
		"uploads.checksum":  {"这一段与所给的校验值不符，没有保存；请重发这一段。", "the piece does not have the checksum that it is said to have, and was not kept; send it again."},
		"uploads.algorithm": {"Upload-Checksum 应为“算法 base64 值”，算法为 sha1 或 sha256，不能是“{value}”。", "Upload-Checksum is sha1 or sha256 and a value in base64, not {value}."},
		"uploads.broken":    {"这一段没有传完（{why}）；已收到的都在，请查一下收到多少（HEAD），从那里继续。", "the piece did not come to its end ({why}); what came is kept, ask how much is here (HEAD) and go on from there."},
	})
}
