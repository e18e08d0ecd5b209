package archtest

// arrows is design.md §3 as data: which of our packages a package may import. A path that ends in "/..." names
// the whole tree below it and its root. A package without a row may not exist: its row comes with it.
//
// What everyone may import stands in no row.
var arrows = []arrow{
	{"alerts/refusal", nil, "the words of a refusal; whatever it imported, everybody would import"},
	{"alerts/terms", nil, "what fixed names are called; every face says the same"},

	{"alerts", []string{"alerts/aqi", "alerts/cap", "alerts/forms"}, "the rules of warnings know neither the list nor the orders that follow from them"},
	{"alerts/aqi", nil, "an index from concentrations; usable without the rest"},
	{"alerts/forms", []string{"alerts/aqi"}, "headers and cells as people write them; whoever reads one reads it alike"},
	{"alerts/cap", nil, "a message format; usable without the rest"},
	{"alerts/schedule", nil, "times of a cron spec; whoever reads a setting reads it alike"},
	{"alerts/feed", []string{"alerts", "alerts/aqi", "alerts/schedule"}, "turns what others publish into forecasts and observations"},

	{"reductionlist", []string{"alerts", "reductionlist/internal/text"}, "the warning level is the lookup key of the list; it knows neither files nor rules nor plans"},
	{"reductionlist/internal/text", nil, "codes, numbers and days as people write them; usable without the rest"},
	{"reductionlist/workbook", []string{"reductionlist", "reductionlist/internal/text"}, "cells and the list, either way; what the values are worth is for the rules to say"},
	{"reductionlist/rules", []string{"alerts", "reductionlist", "reductionlist/internal/text", "reductionlist/plant"}, "what a list is held to, wherever it comes from"},
	{"reductionlist/plant", []string{"alerts", "reductionlist", "reductionlist/allocate", "reductionlist/internal/text"}, "what the list says of a plant, as problems and plans"},
	{"reductionlist/listtest", []string{"alerts", "reductionlist", "reductionlist/workbook", "reductionlist/rules", "seeds/..."}, "lists to test with"},
	{"reductionlist/allocate", nil, "optimisers over plain numbers; usable without the rest"},

	{"notify", []string{"alerts", "reductionlist", "reductionlist/plant", "reductionlist/rules"}, "an order joins a warning to a recipient's measures"},
	{"notify/channel/channeltest", []string{"notify/channel"}, "the suite that every sender passes"},
	{"notify/channel/...", []string{"notify/channel/..."}, "a channel carries a message and does not know what it says"},
	{"notify/telemetry/...", []string{"notify/telemetry/..."}, "readings stand by themselves, whoever judges them"},
	{"notify/ledger", nil, "a log of bytes; whoever verifies it offline needs nothing of the coordinator"},
	{"notify/compliance", []string{"notify", "notify/telemetry", "notify/ledger"}, "a finding sets an order beside its readings and is proved by the ledger"},

	{"seeds/...", []string{"alerts", "reductionlist", "reductionlist/plant", "reductionlist/rules", "reductionlist/workbook", "seeds/..."}, "data in the types of those who read it, no behaviour"},

	{"cmd/internal/archtest", nil, "reads the tree, runs none of it"},
	{"cmd/internal/config", []string{"alerts/schedule"}, "the program's settings as plain values; whoever needs them takes them from app"},
	{"cmd/internal/journal", []string{"notify/channel", "notify/ledger", "cmd/internal/blobs"}, "records the events of any module through one interface and knows none of them by name, and of messages what channels say of them"},
	{"cmd/internal/blobs", nil, "content by its hash, whoever names it or erases it"},
	{"cmd/internal/journal/natstest", nil, "a server to test over; the tests of the journal itself need it"},
	{"cmd/internal/journal/journaltest", []string{"cmd/internal/journal", "cmd/internal/journal/natstest"}, "a journal to test over, whatever it records"},
	{"cmd/internal/certs", nil, "certificates from files, whoever listens with them"},
	{"cmd/internal/certs/certstest", nil, "certificates to test with, whoever speaks TLS"},
	{"cmd/internal/fair", nil, "shares and turns of callers, whoever they are"},
	{"cmd/internal/logins", []string{"cmd/internal/fair"}, "the trace that logins leave, whoever decides them"},
	{"cmd/internal/door", []string{"cmd/internal/fair"}, "connections and how fast bytes move on them, whatever they carry"},
	{"cmd/internal/watch", nil, "asks what it is given and knows nothing of what that is"},
	{"cmd/internal/valid", []string{"reductionlist"}, "rules of single fields, stated in their tags; a code's check character is the list's"},
	{"cmd/internal/calls", []string{"alerts", "notify", "reductionlist", "reductionlist/rules", "reductionlist/allocate", "reductionlist/plant", "cmd/internal/valid"}, "the interface as data; whoever makes a call or carries it out reads it"},
	{"cmd/internal/access", []string{"cmd/internal/calls", "cmd/internal/journal", "cmd/internal/valid"}, "accounts and credentials: recorded like the rest, their secrets in the journal's vault"},
	{"cmd/internal/bus", []string{"cmd/internal/fair", "notify/channel"}, "NATS: carries bytes and decides nothing; app joins it to journal, access and service"},
	{"cmd/internal/papers", []string{"alerts", "reductionlist", "cmd/internal/calls"}, "what the list says, as papers to print; it reads no record and answers no request"},
	{"cmd/internal/service", []string{"cmd/internal/calls", "alerts/...", "reductionlist/...", "notify/...", "cmd/internal/access", "cmd/internal/journal", "cmd/internal/papers", "cmd/internal/valid"}, "the acts of the interface, the same whether they come over HTTP or NATS"},
	{"cmd/internal/service/servicetest", []string{"cmd/internal/calls", "alerts", "notify", "reductionlist", "cmd/internal/service", "cmd/internal/access", "cmd/internal/journal/..."}, "the acts to test over, whoever offers them"},
	{"cmd/internal/web", []string{"cmd/internal/calls", "alerts/...", "reductionlist/...", "notify/...", "cmd/internal/service", "cmd/internal/access", "cmd/internal/journal", "cmd/internal/logins", "cmd/internal/papers", "cmd/internal/valid", "cmd/internal/watch", "cmd/internal/web/...", "cmd/internal/watchman"}, "pages and HTTP over the acts"},
	{"cmd/internal/desk", []string{"cmd/internal/service", "cmd/internal/desk/..."}, "the duty desk: it puts the areas into their frame"},
	{"cmd/internal/desk/frame", []string{"alerts", "alerts/feed", "reductionlist", "notify", "cmd/internal/calls", "cmd/internal/service", "cmd/internal/access", "cmd/internal/journal", "cmd/internal/watch", "cmd/internal/web/share", "cmd/internal/web/serve"}, "what the desk's areas share; it knows none of them, nor who keeps its sessions"},
	{"cmd/internal/desk/self", []string{"cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/access"}, "one's own secrets and logins; an area knows its frame and no other area"},
	{"cmd/internal/desk/warnings", []string{"alerts", "reductionlist", "notify", "cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/service", "cmd/internal/valid", "alerts/aqi"}, "warnings and their boards; an area knows its frame and no other area"},
	{"cmd/internal/desk/orders", []string{"reductionlist", "notify", "cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/service", "cmd/internal/journal"}, "orders and what is answered to them; an area knows its frame and no other area"},
	{"cmd/internal/desk/lists", []string{"alerts", "reductionlist", "reductionlist/rules", "notify", "cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/journal", "cmd/internal/valid", "cmd/internal/web/incoming", "cmd/internal/web/serve"}, "reduction lists and who is on them; an area knows its frame and no other area"},
	{"cmd/internal/desk/plants", []string{"alerts", "reductionlist", "reductionlist/allocate", "reductionlist/plant", "notify", "cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/service", "cmd/internal/journal", "cmd/internal/valid"}, "plants' plans and figures; an area knows its frame and no other area"},
	{"cmd/internal/desk/desktest", []string{"alerts", "alerts/feed", "reductionlist", "reductionlist/workbook", "seeds/...", "cmd/internal/desk", "cmd/internal/desk/frame", "cmd/internal/calls", "cmd/internal/service", "cmd/internal/service/servicetest", "cmd/internal/access", "cmd/internal/watch", "cmd/internal/web/live", "cmd/internal/web/session", "cmd/internal/watchman"}, "a desk to test over, which people log in to as they do"},
	{"cmd/internal/web/live", []string{"cmd/internal/calls", "alerts", "reductionlist", "notify", "notify/ledger", "cmd/internal/service", "cmd/internal/access", "cmd/internal/journal"}, "what changes, as messages for every face; it follows the record and asks nothing of who shows it"},
	{"cmd/internal/web/session", []string{"cmd/internal/calls", "cmd/internal/access", "cmd/internal/journal", "cmd/internal/logins"}, "who a browser is; kept in the journal's vault, known to whoever serves it pages"},
	{"cmd/internal/dispatch", []string{"notify/channel", "cmd/internal/journal"}, "hands to channels what the record says is due, whatever it says"},
	{"cmd/internal/local", []string{"cmd/internal/journal"}, "files of this node alone, whoever keeps what in them; their pages are looked at as the record's are"},
	{"cmd/internal/web/incoming", nil, "files until it is their turn"},
	{"cmd/internal/web/serve", []string{"cmd/internal/calls", "cmd/internal/journal", "cmd/internal/web/incoming"}, "what the interface and the desk do alike over HTTP"},
	{"cmd/internal/web/share", []string{"cmd/internal/fair"}, "what one caller may ask for; it knows neither users nor what they ask"},
	{"cmd/internal/folder", []string{"cmd/internal/config", "cmd/internal/journal"}, "what lies on the disk, and what whoever has it is asked for"},
	{"cmd/internal/settings", []string{"alerts/...", "reductionlist/...", "seeds/...", "cmd/internal/config", "cmd/internal/service"}, "the configuration in the types of those who go by it; none of them reads it"},
	{"cmd/internal/front", []string{"cmd/internal/certs", "cmd/internal/config", "cmd/internal/door"}, "listeners, whatever is served on them"},
	{"cmd/internal/natsapi", []string{"cmd/internal/access", "cmd/internal/bus", "cmd/internal/fair", "cmd/internal/service", "cmd/internal/calls"}, "NATS subjects over the acts, as web is HTTP over them"},
	{"cmd/internal/watchman", []string{"alerts", "alerts/schedule", "notify", "cmd/internal/access", "cmd/internal/bus", "cmd/internal/certs", "cmd/internal/config", "cmd/internal/folder", "cmd/internal/journal", "cmd/internal/logins", "cmd/internal/watch", "cmd/internal/calls", "cmd/internal/dispatch", "notify/channel", "cmd/internal/local"}, "says of the parts of the program how they are; none of them knows of it"},
	{"cmd/internal/backups", []string{"alerts/...", "cmd/internal/config", "cmd/internal/folder", "cmd/internal/journal", "cmd/internal/service", "cmd/internal/watch", "cmd/internal/web", "cmd/internal/calls"}, "backups of the record, and what HTTP and an erasure ask of them"},
	{"cmd/internal/demo", []string{"alerts", "reductionlist", "notify", "seeds/...", "cmd/internal/access", "cmd/internal/config", "cmd/internal/folder", "cmd/internal/service", "cmd/internal/calls"}, "a newcomer's data and a simulated district, over the acts alone"},
	{"cmd/internal/app", []string{"alerts/...", "notify", "cmd/internal/...", "notify/channel"}, "the whole program as a value: it puts the others together"},
	{"cmd/internal/replay", []string{"alerts", "reductionlist", "notify", "cmd/internal/app", "cmd/internal/bus", "cmd/internal/folder", "cmd/internal/journal", "cmd/internal/service", "cmd/internal/calls", "cmd/internal/dispatch", "notify/channel"}, "an episode through the engine; the program knows nothing of it"},
	{"cmd/internal/bench", []string{"alerts", "reductionlist/...", "notify", "seeds/...", "cmd/internal/access", "cmd/internal/app", "cmd/internal/config", "cmd/internal/folder", "cmd/internal/journal", "cmd/internal/service", "cmd/internal/settings", "cmd/internal/calls", "notify/channel", "cmd/internal/dispatch"}, "measures the whole program from outside"},
	{"cmd/qingkong", []string{"alerts/...", "reductionlist/...", "notify/...", "seeds/...", "cmd/internal/..."}, "the command line: it opens what a subcommand needs"},
}

// testOnly are packages for tests alone: every test may import them, and nothing else may but one of them.
var testOnly = []string{"reductionlist/listtest", "notify/channel/channeltest", "cmd/internal/certs/certstest", "cmd/internal/journal/natstest", "cmd/internal/journal/journaltest", "cmd/internal/service/servicetest", "cmd/internal/desk/desktest"}

// forTests are the imports that the tests of a package need besides those of its row.
var forTests = []arrow{
	{"reductionlist", []string{"reductionlist/rules", "reductionlist/workbook"}, "what a list is compared with is a workbook"},
	{"reductionlist/workbook", []string{"reductionlist/rules"}, "its tests spoil a cell and see what an import finds"},
	{"reductionlist/rules", []string{"reductionlist/workbook"}, "its tests find each rule's defect where it stands in a workbook"},
	{"cmd/internal/desk", []string{"alerts", "cmd/internal/calls", "cmd/internal/access"}, "its tests open every page as every role"},
	{"cmd/internal/desk/self", []string{"cmd/internal/web/session"}, "its tests follow a login by its cookie"},
	{"cmd/internal/desk/warnings", []string{"alerts/feed", "cmd/internal/access"}, "its tests put sources and second factors on the desk"},
	{"cmd/internal/dispatch", []string{"cmd/internal/bus"}, "its tests send by NATS beside another channel"},
	{"cmd/internal/app", []string{"reductionlist/..."}, "its tests run the whole program with lists of their own"},
	{"cmd/internal/demo", []string{"reductionlist/rules", "cmd/internal/settings"}, "its tests check the list under the demo's settings"},
	{"cmd/internal/replay", []string{"cmd/internal/config", "cmd/internal/settings"}, "its tests replay under the usual configuration"},
}

// bans are the imports from outside that a part of the tree does without. They bind the code, not its tests.
var bans = []ban{
	{
		in:  []string{"alerts/...", "reductionlist/...", "notify/...", "seeds/..."},
		of:  []string{"github.com/nats-io/...", "html/template", "text/template"},
		why: "a domain package decides; what it decides is carried and rendered under cmd/internal",
	},
	{
		in:     []string{"alerts/...", "reductionlist/...", "notify/...", "seeds/..."},
		except: []string{"alerts/feed", "notify/channel/..."},
		of:     []string{"net/http/..."},
		why:    "a domain package serves nobody; only a feed and a channel are HTTP clients",
	},
	{
		in:     []string{"alerts/...", "reductionlist/...", "notify/...", "seeds/...", "cmd/..."},
		except: []string{"alerts/schedule"},
		of:     []string{"github.com/robfig/cron/..."},
		why:    "its parser panics at some specs and takes others that never come: alerts/schedule stands before it",
	},
}

// The only directories of Go code, and how many lines one file may have.
var roots = []string{"alerts", "cmd", "notify", "reductionlist", "seeds"}

const (
	maxLines     = 600
	maxTestLines = 900
)
