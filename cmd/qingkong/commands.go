package main

import "github.com/spf13/cobra"

// commands are the subcommands; each has a file of its own.
func commands() []*cobra.Command {
	return []*cobra.Command{
		newServeCommand(),
		newInitCommand(),
		newForecastCommand(),
		newWarningCommand(),
		newOrderCommand(),
		newAccountCommand(),
		newTokenCommand(),
		newRecipientCommand(),
		newStationCommand(),
		newFindingCommand(),
		newTaskCommand(),
		newInspectionCommand(),
		newFactorCommand(),
		newPersonalCommand(),
		newAqiCommand(),
		newEvaluateCommand(),
		newAllocateCommand(),
		newCriteriaCommand(),
		newReplayCommand(),
		newListCommand(),
		newAgentCommand(),
		newJournalCommand(),
		newTelemetryCommand(),
		newHJ212Command(),
		newSimulateCommand(),
		newBackupCommand(),
		newRestoreCommand(),
		newVerifyCommand(),
		newLedgerCommand(),
		newBenchCommand(),
		newWitnessCommand(),
		newVersionCommand(),
	}
}
