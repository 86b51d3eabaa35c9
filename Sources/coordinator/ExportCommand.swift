import ArgumentParser
import Console
import CoordinatorService

/// `coordinator export`: what a sweep found, in the forms that other programs take.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a trained network for PyTorch.",
    discussion: """
      --to pytorch TRIAL: model.safetensors, the trained network without the latent dimensions \
      whose gates closed, and model.py, which needs PyTorch alone: `import model; \
      model.load().reconstruct(images)`. Its reconstructions are the trial's, to 1e-5.

      An export may be repeated; it replaces its own files. Reads the record and changes nothing \
      in it, also while the sweep runs.
      """)

  @Argument(help: "The folder given to `coordinator run --out`.")
  var folder: Folder

  @Argument(help: TrialArguments.help)
  var trial: String?

  @Option(help: "The form.")
  var to: SweepExport.Format

  @Option(
    help: ArgumentHelp(
      "A new or empty folder for the files.",
      discussion: "Without it: one below `exports` in the sweep's folder.", valueName: "dir"))
  var out: Folder?

  func run() throws {
    TerminalText.show(
      try SweepExport.perform(folder.url, trial: trial, to: to, out: out?.url))
  }
}

extension SweepExport.Format: ExpressibleByArgument {}
