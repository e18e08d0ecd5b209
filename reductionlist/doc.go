// Package reductionlist is the emission-reduction list (应急减排清单): who has to do what at which warning
// level, read from and written to a workbook, checked, and kept in versions.
//
// Start with [ReadWorkbook] for a file, [MeasuresAt] for what one recipient has to do at a level, and
// [Current] for the version in force. A version enters the record as one [Begun], many [RowsAdded] in the
// order of recipient ids, and one [Activated] that makes it count; its hash is a chain over the rows, so
// activation compares one value however long the list is.
//
// [Rules] is the table of everything a list is held to. [MarksOf] says of one measure whether it is 可操作, 可监测 and 可核查,
// [Assess] scores a list by that and lists what to mend; [Check] finds what only shows across rows, with [Settings] for what
// a city decides. [Compare] is [Diff] with the effect on the reductions. All four work on plain lists, whatever they come from.
//
// A version goes from draft to approved to active, and to replaced when another that begins on the same day takes its
// place; [DecideActivate] says which days collide. A workbook with errors is kept as a draft without rows, for those who
// mend it: see [DamagedHead].
//
// Between two editions single measures and recipients are amended: [List.Amend] and [List.AmendRecipient] change a list,
// [Amends] says on a version what was changed, and [CopyRows] takes over the rows that were not. Activating an amendment whose
// base no longer counts is refused. What a version's dates make of its state people see as its [Standing]; a timer records
// which version came into force at a midnight, see [CameIntoForce].
//
// # Key layout
//
//	list.versions    version id                              -> version as JSON
//	list.rows        version id | 0 | recipient id           -> recipient as JSON, without contact
//	list.contacts    version id | 0 | recipient id           -> reference of the contact in the vault
//	list.effective   effective date (2006-01-02) | 8 bytes of activation time in ms, big-endian | version id -> empty
//
// Names and telephone numbers of contacts are in none of them: see [SplitContacts].
package reductionlist
