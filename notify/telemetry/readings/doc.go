// Package readings says what a frame of HJ 212, a message in JSON or a power company's table tells of points, and what
// an hour, a day and a mass are. It is pure: it holds no clock, keeps nothing and reads no file.
//
// # Units
//
// A point has one unit, and all of its readings are in it: the usual one of its factor's code ([Lookup]), or of what is
// no factor of HJ 212 the own unit of the quantity that the register names, kW for MW ([UnitOf]). What comes in another unit of the same quantity is
// turned into that; what comes in a unit of another quantity is no reading. Where a unit counts amounts (t, kWh, 辆次)
// the value of a reading is its Total, else its Avg ([Value]).
//
// # What counts
//
// A value with flag N counts, and one without a flag ([IsValid]). The device's own hour (2061) stands before one that is
// made; one is made of minutes (2051), never of samples (2011) but where these are all there is ([SamplesMakeHours]).
// Sources: HJ 212-2017, appendices B, C.16 to C.18 and D.2; HJ 212-2025 for ST 44, 45 and CN 2111; HJ 75-2017.
package readings
