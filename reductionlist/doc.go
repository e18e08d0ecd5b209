// Package reductionlist is the emission-reduction list (应急减排清单): who has to do what at which warning level, what
// differs between two editions, and the versions that are kept. Files, rules and plants have packages of their own:
// workbook, rules and plant.
//
// Start with [MeasuresAt] for what one recipient has to do at a level, and [Current] for the version in force. The
// sheets, like [MeasureSheet], say of every column what it holds and where its value stands; whoever reads, writes,
// judges or compares rows goes by them. A [Reading] is a list as it stands in a file. A version enters the record as
// one [Begun], many [RowsAdded] in the order of recipient ids, and one [Activated] that makes it count; its hash is a
// chain over the rows, so activation compares one value however long the list is.
//
// [Diff] lists what is different between two lists, and [ComparisonOf] adds the effect on the reductions.
//
// A version goes from draft to approved to active, and to replaced when another that begins on the same day takes its
// place; [DecideActivate] says which days collide. A workbook with errors is kept as a draft without rows, for those
// who mend it: see [DamagedHead].
//
// Between two editions single measures and recipients are amended (rules.Amend, rules.AmendRecipient): [Amends] says on
// a version what was changed, and [CopyRows] takes over the rows that were not. Activating an amendment whose base no
// longer counts is refused. People see a version's state and dates together as its [Standing]; a timer records which
// version came into force at a midnight, see [CameIntoForce].
//
// # Key layout
//
//	list.versions    version id                              -> version as JSON
//	list.rows        version id | 0 | recipient id           -> recipient as JSON, without contact
//	list.contacts    version id | 0 | recipient id           -> reference of the contact in the vault
//	list.effective   effective date (2006-01-02) | 8 bytes of activation time in ms, big-endian | version id -> empty
//
// Names and telephone numbers of contacts are in none of them: see [Contact].
package reductionlist
