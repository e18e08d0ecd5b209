// Package allocate answers the two questions that the policy asks of plants: which coal units run at what power and
// heat, and which waste furnaces burn how much, so that over a warning window least is emitted while homes stay warm,
// the grid gets its power and the pit never overflows. [ParseCoal] and [ParseWaste] read a problem and refuse what is
// wrong with its JSON path; Solve answers it.
//
// It imports nothing of the project but alerts/refusal, in whose catalogue its refusals and conflicts have their words.
//
// An answer that is called optimal is proved: no plan is below Bound, and Objective, which is that of the plan as it is
// told, exceeds it by no more than [OptimalGap]. Figures are told on the bounds and low-load lines that they stand at
// apart from noise, and rounded between them, with every balance kept (settle, (*Waste).settle).
//
// A solver could be linked, and is not. HiGHS (MIT) runs without cgo as WebAssembly on wazero, and agrees. There is no
// Go module of it: the npm package highs (1.15.3, alive) holds a 3.5 MB module made for a browser, whose imports and
// exports have names of one or two letters that every release deals out anew. Measured on two busy cores, on the
// problem of many states whose amount TestManyStatesAreNoExcuse proves, a plant of three furnaces over 60 steps, and
// eight over 90: 0.13, 1.8 and 4.3 s compiled, against 0.001, 0.05 and 0.15 s here; 10 and 65 s interpreted, the third
// not within two minutes. The first compilation takes 4.5 to 33 s and 260 MB; kept in a folder it is 20 MB and takes
// 0.1 to 0.5 s to load. The binary grows by 6 MB, a context ends it at once. CBC and GLPK need cgo; of those written in
// Go gonum's simplex is dense and has no integers. Their feasibility is one of tolerances besides, which numbers far
// apart defeat (proveEdges). Both problems also have more structure than a general solver sees: only the states of
// units and the pit tie one step to the next. What follows is why the answers are exact.
//
// Coal. Given which units are on, every step stands alone: a convex quadratic problem in power and heat, coupled by one
// window and one balance. Power never costs less than nothing, so the upper end of the window decides only whether a
// set of units will do, and the cheapest dispatch is found by one price of power, at which the heat is balanced
// exactly; it ends when the dispatch costs what its dual proves (dispatcher). The step up in NOx below low_load_mw
// makes two convex modes of a unit; they are searched by branch and bound below that (stepCosts). Prices of one set
// give lower bounds of all sets, so few of them have to be dispatched. Over the steps it is a shortest path whose
// states are the units that are on and how long each is still bound (commitment). It is gone through layer by layer; a
// state is left out only if another with the same units on, none bound longer, costs no more, or if a bound of what is
// still to come shows that it cannot beat the best plan. That bound is a Lagrangian decomposition: one path of sets
// that knows all costs and no minimum times, and one path per unit that knows the minimum times, priced to agree, each
// solved exactly backwards (alone). Where a layer is too large to keep, the least bound of what was dropped is kept
// instead, and it is all gone through again with more room; that gives the gap at a time limit.
//
// Waste. Given which furnaces are on, the least cost to reach a pit level is a convex piecewise linear function of that
// level, carried exactly from step to step by merging pieces in order of slope (pwl). States are as above, each with
// such a function; one is left out at those levels only where another is no dearer. The total that may be diverted is
// the one thing that does not fit in a level: it is priced, at every price that the search needs (guide). Whatever the
// prices, the least over all plans of the best of the priced bounds is a bound; when the plan that attains it, played
// within the total (Waste.best), costs more, the price that proves this plan is added and the search repeated. A plan
// is optimal when it costs what the bound is, and as such a price is one of finitely many differences of costs, that
// comes about.
//
// Where there is no plan, the obligations in conflict are an irreducible set (irreducible). How much each has to give
// is an optimisation of its own, with the giving as its variable. For a demand or a rule of a machine only finitely
// many amounts matter: what each set of units falls short of, and where a time becomes another number of steps; the
// least that will do is found among them (firstThat). For tonnes a plan is moved to the least that its sets allow, and
// it is asked whether any needs less; prices answer, or a search through the states that they lead (leastRelief). What
// was not proved in time is told as what is too little and what will do, never as the amount.
//
// The tests hold all this against CBC and GLPK, on formulations that share the problem as it was read, and the
// obligations that hold, but nothing of how it is solved ([Coal.WriteLP], [Waste.WriteLP], givingLP), and against brute
// force.
package allocate
