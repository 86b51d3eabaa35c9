import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator export`: a sweep's results in formats of other programs.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Exports a sweep's results for other programs: PyTorch, pandas, archives.",
    discussion: """
      --to pytorch TRIAL: model.safetensors, the trained network without the latent dimensions \
      whose gates closed, and model.py, which needs PyTorch alone: `import model; \
      model.load().reconstruct(images)`. Its reconstructions are the trial's, to 1e-5.

      --to csv or json [TRIAL]: trials (one row per trial, with every setting and where it ran), \
      milestones, trajectories (one row per sample) and gates (one row per sample and gate), to be \
      joined by the column trial. A selector such as stage=narrowed limits them to these trials.

      --to ro-crate: all outputs, the sweep file and every trial's configuration, with \
      ro-crate-metadata.json, which says what made which file (Process Run Crate).

      An export may be repeated; it replaces its own files. Reads the record and changes nothing \
      in it, also while the sweep runs. What cannot be exported is named.
      """
  ).exiting([.done: "everything is exported", .failed: "something is missing, or an error"])

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  @Argument(help: TrialArguments.severalHelp, completion: .trials)
  var trial: String?

  @Option(help: "The format.")
  var to: SweepExport.Format

  @Option(
    help: ArgumentHelp(
      "A new or empty folder for the files.",
      discussion: "Without it: one below `exports` in the sweep's folder.", valueName: "dir"))
  var out: Folder?

  func run() throws {
    let outcome = try SweepExport.perform(folder.url, trial: trial, to: to, out: out?.url)
    TerminalText.show(outcome.text)
    guard !outcome.problems.isEmpty else { return }
    TerminalText.tell(outcome.problems.map { "\($0)\n" }.joined())
    throw ExitCode(.failed)
  }
}

extension SweepExport.Format: ExpressibleByArgument {}
