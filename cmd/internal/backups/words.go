package backups

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"backup.relative": {"备份文件要写完整路径（以 / 开头），收到的是“{file}”。",
			"name the backup by its whole path, beginning with /; it was {file}."},
	})
}
