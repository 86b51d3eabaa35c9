import ArgumentParser

/// `benchmarks`: measures the trainer against the machine, itself and PyTorch.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures the trainer against the machine's limit, against itself and PyTorch.",
    discussion: """
      Alternatives are timed in turns, A B A B, in one run, and medians are printed. A loop of \
      multiply-adds on registers runs with them, because a processor's clock changes. Times are \
      the thread's processor time unless a column says otherwise. Batches have 64 images and \
      n = 32 latent dimensions; channels are the defaults.
      """,
    subcommands: [
      LayersCommand.self, StepCommand.self, ScalingCommand.self, ThreadsCommand.self,
      PeersCommand.self, CoordinatorCommand.self, LoadCommand.self, EncryptionCommand.self,
      QuietCommand.self,
    ])
}
