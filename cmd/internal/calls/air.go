package calls

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Document is a forecast or measurements as they were sent: [alerts.Reader] reads them, with remarks.
type Document struct {
	Text json.RawMessage `body:"raw" json:"-"`
}

// SkillQuery asks how well each source forecast from the day From to the day To.
type SkillQuery struct {
	From string `query:"from" json:"-" validate:"omitempty,day"`
	To   string `query:"to" json:"-" validate:"omitempty,day"`
}

// SkillReport is how well each source forecast in a period.
type SkillReport struct {
	From  string         `json:"from"`
	To    string         `json:"to"`
	Items []alerts.Skill `json:"items"`
}

// FeedView is a source that ever fell silent, or brought what was refused.
type FeedView struct {
	alerts.FeedState
	Refused *RefusedView `json:"refused,omitempty"` // on the node that answers; absent where nothing was
}

// RefusedView is what a source brought and was refused: how many documents since the node's count began, how many lie
// in Folder on the server's disk, and the last of them. File is its name there, empty for one that is not kept.
type RefusedView struct {
	Total    int       `json:"total"`
	Kept     int       `json:"kept"`
	Folder   string    `json:"folder"`
	At       time.Time `json:"at"`
	Document string    `json:"document"`
	File     string    `json:"file"`
	Why      string    `json:"why"`
}

// ProposalsQuery asks for proposals in a state.
type ProposalsQuery struct {
	State string `query:"state" json:"-" validate:"omitempty,proposal_state"`
	Paging
}

// Dismissal is why a proposal is dismissed.
type Dismissal struct {
	ByID
	Reason string `text:"free" json:"reason" validate:"required,chars=2000"`
}

// Calls on the air.
var (
	Forecast = row[Document, alerts.ForecastResult]("POST /forecasts", ActForecastsCreate,
		"报送预报，返回由此产生的建议", "records a forecast and answers the proposal that follows from it",
		Call{Body: dataBody, Takes: alerts.ForecastInput{},
			Example: `{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","drill":false,"days":[` +
				`{"date":"2016-12-17","aqi_low":230,"aqi_high":280,"primary":["pm25"],"cause":""},` +
				`{"date":"2016-12-18","pm25":210.5,"pm10":280,"so2":21,"no2":97,"co":4.5,"o3_8h":12}],` +
				`"hours":[{"at":"2016-12-17T00:00:00+08:00","pm25":180}]}`}).
		at(func(r alerts.ForecastResult) []string { return []string{"forecasts", r.ID} })
	ForecastSkill = row[SkillQuery, SkillReport]("GET /forecasts/skill", ActSkillRead,
		"预报与实测的对比", "forecasts against measurements", Call{})
	Feeds = row[None, alerts.Page[FeedView]]("GET /feeds", ActSkillRead,
		"曾中断的数据来源，和送来的内容未被采用的来源", "sources that have fallen silent, or brought what was refused", Call{})
	Observation = row[Document, alerts.ObservationResult]("POST /observations", ActObservationsCreate,
		"报送实测；set_aside 说明哪些值不采用、为什么，全部不采用时为 422",
		"records measurements; set_aside says which values are not judged and why, and where these are all it is a 422",
		Call{Body: dataBody, Kept: true, Takes: alerts.ObservationInput{},
			Example: `{"station":"1015A","region":"120111","days":[{"date":"2016-12-15","aqi":120,"primary":["pm25"],"cause":""}],` +
				`"hours":[{"at":"2016-12-16T08:00:00+08:00","pm25":120,"pm10":180,"o3":12}]}`})
	Proposals = row[ProposalsQuery, alerts.Page[*alerts.Proposal]]("GET /proposals", ActProposalsList,
		"预警建议", "proposals",
		Call{Repeats: true})
	Proposal = row[ByID, *alerts.Proposal]("GET /proposals/{id}", ActProposalsList,
		"一条建议及其依据", "a proposal with what it rests on",
		Call{Repeats: true})
	Dismiss = row[Dismissal, *alerts.Proposal]("POST /proposals/{id}/dismiss", ActProposalsDismiss,
		"不采纳建议，须说明理由", "dismisses a proposal, with a reason",
		Call{Body: textBody, Spared: true, Refuses: codes{refusal.TransitionRefused},
			Example: `{"reason":"会商认为冷空气提前"}`})
)
