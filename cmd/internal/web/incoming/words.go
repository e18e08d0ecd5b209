package incoming

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		// Versions.
		"list.upload_part": {"multipart/form-data 应只有一个名为 file 的部分；“{name}”不对，请改正后重发。",
			"multipart/form-data holds one part, named file; {name} is wrong, mend it and send it again."},
		"list.upload_size": {"工作簿超过 {limit} 字节的上限；请删去图片等无关内容，或按街镇拆分后分别导入。",
			"the workbook is larger than {limit} bytes; take out pictures and the like, or split it by town and import the parts."},
		"list.upload_disk": {"服务器存不下上传的文件（{why}），未做任何改动；请让管理员清理数据目录所在的磁盘，然后重新上传。",
			"the server cannot keep the file ({why}), and nothing was changed. Have the disk of the data folder freed, then send it again."},
		"list.upload_broken": {"上传的内容不完整或格式不对（{why}）；请重新上传。", "the upload is cut off or malformed ({why}); send it again."},
	})
}
