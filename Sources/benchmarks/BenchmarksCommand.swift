import ArgumentParser

/// `benchmarks`: measures the trainer against the machine, itself and PyTorch.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures the trainer against the machine's limit, against itself and PyTorch.",
    discussion: """
      What is compared is timed in turns, A B A B, in one run, and a median is printed; a loop \
      of multiply-adds on registers alone runs beside it, since the clock of a processor moves. \
      Times are of the thread's processor time unless a column says otherwise. Batches have 64 \
      images and n = 32 latent dimensions, channels are the defaults.
      """,
    subcommands: [
      LayersCommand.self, StepCommand.self, ScalingCommand.self, ThreadsCommand.self,
      PeersCommand.self, CoordinatorCommand.self, LoadCommand.self, EncryptionCommand.self,
      QuietCommand.self,
    ])
}
