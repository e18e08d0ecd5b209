package web

// examples are bodies of requests as contract.md §3 has them, by method and pattern. A test sends each.
var examples = map[string]string{ // #nosec G101 -- nobody has these
	"POST /session":              `{"user":"duty","password":"…"}`,
	"POST /me/password":          `{"current":"…","password":"…"}`,
	"POST /me/factor":            `{"current":"…","secret":"…","otp":"000000"}`,
	"POST /accounts":             `{"user":"dasi","role":"town","name":"示例","town":"大寺镇"}`,
	"POST /accounts/{id}/tokens": `{"name":"DCS 接口","expires_at":"2027-12-01T00:00:00+08:00"}`,
	"POST /forecasts": `{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","drill":false,"days":[` +
		`{"date":"2016-12-17","aqi_low":230,"aqi_high":280,"primary":["pm25"],"cause":""},` +
		`{"date":"2016-12-18","pm25":210.5,"pm10":280,"so2":21,"no2":97,"co":4.5,"o3_8h":12}],` +
		`"hours":[{"at":"2016-12-17T00:00:00+08:00","pm25":180}]}`,
	"POST /observations": `{"station":"1015A","region":"120111","days":[{"date":"2016-12-15","aqi":120,"primary":["pm25"],"cause":""}],` +
		`"hours":[{"at":"2016-12-16T08:00:00+08:00","pm25":120,"pm10":180,"o3":12}]}`,
	"POST /proposals/{id}/dismiss": `{"reason":"会商认为冷空气提前"}`,
	"POST /warnings": `{"level":"orange","trigger":"city_order","starts_at":"2016-12-16T20:00:00+08:00","ends_at":null,` +
		`"document_no":"津污防指〔2016〕1号","issued_by":"天津市","received_at":"2016-12-16T16:30:00+08:00","region":"120111",` +
		`"reason":"持续静稳","notice_text":"","proposal_id":"","drill":false}`,
	"POST /warnings/{id}/approve":           `{"revision":1}`,
	"POST /warnings/{id}/emergency-approve": `{"revision":1,"authority":"区政府总值班室","called_at":"2016-12-16T17:00:00+08:00","reason":"审批人电话无人接听"}`,
	"POST /warnings/{id}/reject":            `{"revision":1,"reason":"依据不足"}`,
	"POST /warnings/{id}/adjust": `{"revision":2,"level":"orange","reason":"污染加重","starts_at":null,"trigger":"city_order",` +
		`"document_no":"津污防指〔2016〕2号","issued_by":"天津市","received_at":null}`,
	"POST /warnings/{id}/revise":       `{"revision":2,"ends_at":"2016-12-19T20:00:00+08:00","reason":"延长"}`,
	"POST /warnings/{id}/lift":         `{"revision":2,"reason":"空气质量好转","ends_at":null}`,
	"POST /warnings/{id}/cancel":       `{"revision":1,"reason":"预报有变"}`,
	"POST /warnings/{id}/list-changes": `{"revision":1,"list_version":"L20161216-1a2b3c","recipients":["E0001"]}`,
	"POST /list/amendments": `{"recipient_id":"E0003","measure_id":"M2","level":"yellow","change":{"complete_within_h":3},"contact":null,` +
		`"reason":"厂区改造，车辆清场需要更长时间","effective_from":"2016-12-17","base":"","base_revision":0}`,
	"POST /list/versions/{id}/approve":  `{"revision":1}`,
	"POST /list/versions/{id}/activate": `{"revision":2,"replaces":""}`,
	"POST /personal-data/erasures":      `{"recipient_id":"E0001","reason":"联系人已离职，本人要求删除"}`,
	"POST /orders/{id}/receive":         `{}`,
	"POST /orders/{id}/read":            `{}`,
	"POST /orders/{id}/acknowledge":     `{"note":"收到"}`,
	"POST /orders/{id}/object":          `{"note":"供热不能停"}`,
	"POST /orders/{id}/start":           `{"note":"开始停炉"}`,
	"POST /orders/{id}/report": `{"note":"已停产","measures":[{"id":"M1","value":0,"unit":"t/d","note":"炉温下降"}],` +
		`"evidence":["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}`,
	"POST /orders/{id}/complete":    `{"note":"完成"}`,
	"POST /orders/{id}/plan":        `{}`,
	"POST /orders/{id}/plan/accept": `{"reason":"保障供热，区指挥部同意"}`,
	"PUT /recipients/{id}/figures": `{"from":"2016-12-16T17:00:00+08:00","to":"2016-12-18T00:00:00+08:00","step_h":1,"source":"值长",` +
		`"units":[{"name":"5#","initially_on":true,"hours_in_state":100},{"name":"6#","initially_on":true,"hours_in_state":100},` +
		`{"name":"7#","initially_on":true,"hours_in_state":100},{"name":"8#","initially_on":true,"hours_in_state":100}],` +
		`"demand":[{"power_min_mw":600,"power_max_mw":900,"heat_gj_h":1800}],"baseline_mw":{"5#":[220],"6#":[220],"7#":[220],"8#":[220]}}`,
	"POST /allocations/coal": `{"start":"2016-12-16T20:00:00+08:00","step_h":1,"steps":3,"units":[{"name":"5#","min_mw":120,"max_mw":300,` +
		`"initially_on":true,"hours_in_state":100,"min_up_h":2,"min_down_h":2,"start_coal_t":60,` +
		`"coal_t_per_h":{"constant":12,"per_mw":0.38,"per_mw2":0.00005,"per_gj":0.045},"max_heat_gj_h":900,"mw_lost_per_gj_h":0.05,` +
		`"emission_kg_per_t_coal":{"so2":0.113,"nox":0.288,"pm":0.0099},"low_load_mw":130,"low_load_nox_factor":1.4,"available":[]}],` +
		`"demand":[{"power_min_mw":150,"power_max_mw":200,"heat_gj_h":300}],"baseline_mw":{"5#":[260]}}`,
	"POST /allocations/waste": `{"start":"2016-12-16T20:00:00+08:00","step_h":4,"steps":3,"furnaces":[{"name":"1#","min_t_h":20,"max_t_h":31.25,` +
		`"initially_on":true,"hours_in_state":500,"min_up_h":4,"min_down_h":4,"emission_kg_per_t":{"so2":0.06,"nox":0.45,"pm":0.02,"hcl":0.03},` +
		`"start_emission_kg":{"nox":60,"so2":10}}],"pit":{"level_t":6000,"min_t":5900,"max_t":6200,"end_max_t":6000},"intake_t_h":[30],` +
		`"divert":{"max_t_h":10,"emission_kg_per_t":{"nox":0.6},"max_total_t":60},"steam_min_t_h":0,"steam_per_t_waste":2.3,"step_weight":[1,0.2]}`,
	"POST /orders/{id}/objection": `{"decision":"accept","reason":"保障供热","expires_at":"2016-12-18T08:00:00+08:00"}`,
}
