package share

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"papers.too_many": {"公示页面请求过多；请稍后再试。", "too many requests for public pages; try again in a moment."},

		"share.calls": {"请求太快，每个使用者每秒不超过 {limit} 次；没有做任何改动，请 {seconds} 秒后再试。",
			"too many calls, one caller may make {limit} a second; nothing was changed, try again in {seconds} s."},
		"share.writes": {"增加台账的请求太多，每个使用者每分钟不超过 {limit} 次；没有做任何改动，请 {seconds} 秒后再试。发布、调整、解除、批准和答复不受此限。",
			"too many calls that grow the record, one caller may make {limit} a minute; nothing was changed, try again in {seconds} s. Declaring, adjusting, lifting, approving and answering are not held by this."},
		"share.work": {"您同时进行的请求太多（最多 {limit} 个）；没有做任何改动，请等前面的完成，{seconds} 秒后再试。",
			"too many of your calls are in work at once ({limit} may be); nothing was changed, wait for one to end and try again in {seconds} s."},
		"share.uploads": {"您同时上传的文件太多（最多 {limit} 个）；没有做任何改动，请等前面的完成，{seconds} 秒后再试。",
			"too many of your files come in at once ({limit} may); nothing was changed, wait for one to end and try again in {seconds} s."},
		"share.pieces": {"您同时上传的分段太多（最多 {limit} 个）；已传的部分都在，请等前面的完成，{seconds} 秒后再试。",
			"too many pieces of your uploads come in at once ({limit} may); what came is kept, wait for one to end and try again in {seconds} s."},
		"share.forms": {"没有登录就送来的大表单太多（同时最多 {limit} 个）；没有做任何改动，请先登录，{seconds} 秒后再试。",
			"too many large forms come in from who is not signed in ({limit} may at once); nothing was changed, sign in first and try again in {seconds} s."},
		"share.streams": {"您打开的实时消息流太多（最多 {limit} 个）；请关闭不用的页面或程序后再试。",
			"too many of your streams of changes are open ({limit} may be); close pages or programs that you do not use, then try again."},
	})
}
