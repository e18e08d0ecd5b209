// Package allocate answers the two questions that the policy asks of plants: which coal units run at what power and heat, and
// which waste furnaces burn how much, so that over a warning window least is emitted while homes stay warm, the grid gets its
// power and the pit never overflows. [ParseCoal] and [ParseWaste] read a problem and refuse what is wrong with its JSON path;
// Solve answers it.
//
// An answer that is called optimal is proved: no plan is below Bound, and Objective exceeds it by no more than [OptimalGap]. No
// solver could be linked: HiGHS, CBC and GLPK need cgo and would cost the single static binary, and of those written in Go gonum's
// simplex is dense and has no integers, others are young and used by nobody. Both problems also have more structure than a
// general solver sees: only the states of units and the pit tie one step to the next. What follows is why the answers are exact.
//
// Coal. Given which units are on, every step stands alone: a convex quadratic problem in power and heat, coupled by one window
// and one balance. Power never costs less than nothing, so the upper end of the window decides only whether a set of units will
// do, and the cheapest dispatch is found by one price of power, at which the heat is balanced exactly; it ends when the dispatch
// costs what its dual proves (dispatcher). The step up in NOx below low_load_mw makes two convex modes of a unit; they are
// searched by branch and bound below that (stepCosts). Prices of one set give lower bounds of all sets, so few of them
// have to be dispatched. Over the steps it is a shortest path whose states are the units that are on and how long each is
// still bound (commitment). It is gone through layer by layer; a state is left out only if another with the same units on,
// none bound longer, costs no more, or if a bound of what is still to come shows that it cannot beat the best plan. That bound
// is a Lagrangian decomposition: one path of sets that knows all costs and no minimum times, and one path per unit that
// knows the minimum times, priced to agree, each solved exactly backwards. Where a layer is too large to keep, the least bound of
// what was dropped is kept instead, and it is all gone through again with more room; that gives the gap at a time limit.
//
// Waste. Given which furnaces are on, the least cost to reach a pit level is a convex piecewise linear function of that level,
// carried exactly from step to step by merging pieces in order of slope (pwl). States are as above, each with such a
// function; one is left out at those levels only where another is no dearer. The total that may be diverted is the one thing that
// does not fit in a level: it is priced, at every price that the search needs (guide). Whatever the prices, the least over all
// plans of the best of the priced bounds is a bound; when the plan that attains it, played within the total (Waste.best), costs
// more, the price that proves this plan is added and the search repeated. A plan is optimal when it costs what the bound is, and as
// such a price is one of finitely many differences of costs, that comes about.
//
// Where there is no plan, the obligations in conflict are an irreducible set (irreducible), and how much each has to give is
// found by bisection over the exact question whether any plan is left.
//
// The tests hold all this against CBC on a formulation that shares nothing with it (WriteLP), and against brute force.
package allocate
