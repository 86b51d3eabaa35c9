import Digests
import Foundation
import Trials

/// A trial's section of the page: its results, curves, gates and reconstructions.
struct TrialSection {
  /// The trial, which has a result.
  let trial: RecordedTrial
  /// Its name in the sweep.
  let name: String
  /// Its files.
  let loader: ArtifactLoader
  /// The numbers of images of the sweep's data sets.
  let counts: ImageCounts
  /// The approximate maximum size.
  let byteCountMaximum: Int

  /// The most samples of a curve.
  private static let sampleCountMaximum = 150
  /// The most gates in the list.
  private static let gateCountMaximum = 64

  /// The section's anchor, for links.
  static func anchor(of trial: RecordedTrial) -> String { "trial-\(trial.planned.id)" }

  /// The section.
  ///
  /// - Parameter problems: Receives the errors of its files.
  func html(_ problems: inout [ReportError]) -> String {
    var parts = [heading, facts]
    do throws(ReportError) {
      let trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
      parts.append(traces(trajectory))
      if trajectory.gateCount > 0 { parts.append(gates(trajectory)) }
    } catch {
      problems.append(error)
      parts.append("<p class=\"note\">No traces: \(HTMLText.escaped("\(error)"))</p>\n")
    }
    do throws(ReportError) {
      let images = try loader.parse(.reconstructions, of: trial) { try Reconstructions($0) }
      let room = byteCountMaximum - parts.reduce(0) { $0 + $1.utf8.count }
      parts.append(reconstructions(images, within: room))
    } catch {
      problems.append(error)
      parts.append("<p class=\"note\">No reconstructions: \(HTMLText.escaped("\(error)"))</p>\n")
    }
    return parts.joined() + "</section>\n"
  }

  private var heading: String {
    let id = trial.planned.id
    let words = name.isEmpty ? "" : "\(HTMLText.escaped(name)) "
    return "<section class=\"trial\" id=\"\(Self.anchor(of: trial))\">"
      + "<h3>\(words)<span class=\"quiet\">\(id)</span></h3>\n"
  }

  private var facts: String {
    guard let result = trial.result else { return "" }
    let provenance = result.provenance
    var facts: [(String, String)] = result.milestones.map { report in
      (
        result.provenance.configuration.trace == nil
          ? NumberText.budget(report.budget)
          : "traced τ = \(NumberText.shortest(report.tolerance)), \(report.ending.word) after "
            + "\(NumberText.count(report.step)) batches",
        "\(report.gatesOpen) of \(report.openProbabilities.count) gates open, mse "
          + "\(NumberText.fixed(report.mse, 3)), evaluation mse "
          + NumberText.fixed(report.evaluationMSE, 3)
          + (report.toleranceMet == false ? ", tolerance not kept" : "")
      )
    }
    facts.append(("data set", counts.title(of: provenance.configuration.dataset)))
    if let trace = provenance.configuration.trace {
      facts.append(
        (
          "tolerances τ, \(trace.direction.words)",
          trace.tolerances.map(NumberText.shortest).joined(separator: ", ")
        ))
    } else if let tolerance = try? provenance.configuration.resolvedTolerance() {
      facts.append(("tolerance τ", NumberText.shortest(tolerance)))
    }
    facts.append(
      (
        "computed",
        "\(provenance.started), \(provenance.host), \(provenance.processor), "
          + "\(provenance.instructionSet), \(NumberText.compact(provenance.seconds, upTo: 1)) s"
      ))
    if let digest = result.milestones.last?.stateDigest {
      facts.append(("final state", digest.hexadecimal))
    }
    facts.append(("to compute it again", "coordinator reproduce DIR \(trial.planned.id)"))
    return HTMLText.facts(facts)
  }

  private func traces(_ trajectory: TrajectoryTable) -> String {
    var drawing = Figure1Drawing(trial: trial, trajectory: trajectory, banner: nil, counts: counts)
    drawing.sampleCountMaximum = Self.sampleCountMaximum
    drawing.showsProbabilities = false
    let count = trajectory.rows.count
    let thinned =
      count > Self.sampleCountMaximum
      ? " \(Self.sampleCountMaximum) of \(count) samples are drawn." : ""
    return "<figure>\(HTMLText.drawing(drawing.svg))<figcaption>The course of training."
      + "\(thinned)</figcaption></figure>\n"
  }

  /// Each gate's open probability as a row of pixels, and when it closed.
  private func gates(_ trajectory: TrajectoryTable) -> String {
    let closings = GateCourse.byClosing(GateCourse.all(of: trajectory))
    let columns = EvenChoice.indices(
      of: trajectory.rows.count, most: Self.sampleCountMaximum)
    guard !columns.isEmpty else { return "" }
    var bytes: [UInt8] = []
    for gate in closings {
      let values = trajectory.numbers("gate_\(gate.gate)")
      for column in columns { bytes += Self.color(values[column]) }
    }
    let raster = Raster(
      width: columns.count, height: closings.count, channels: 3, bytes: bytes)
    let open = closings.count { $0.isOpen }
    let image = HTMLText.image(
      raster.png,
      description: "Open probability of each of \(closings.count) gates over the course of "
        + "training; \(open) are open at its end", kind: "gates")
    let rows = closings.prefix(Self.gateCountMaximum).map { gate -> [String] in
      guard let step = gate.closedStep, let error = gate.closedMSE else {
        return ["gate \(gate.gate)", "open", ""]
      }
      return ["gate \(gate.gate)", "closed at step \(step)", NumberText.fixed(error, 3)]
    }
    let left = closings.count - rows.count
    return
      "<figure>\(image)<figcaption>σ(kγ) of each gate, a row each, dark where it is open; from "
      + "left to right the course of training.</figcaption></figure>\n"
      + "<details><summary>When each gate closed (\(open) of \(closings.count) are open)</summary>\n"
      + HTMLText.table(
        "By the samples of the trajectory; the error is the moving average there."
          + (left > 0 ? " \(left) gates that closed earlier are left out." : ""),
        header: ["gate", "", "mse"], rows: rows) + "</details>\n"
  }

  /// White for 0, the colour of the first series for 1.
  private static func color(_ probability: Double) -> [UInt8] {
    let share = probability.isFinite ? min(1, max(0, probability)) : 0
    return [0x00, 0x72, 0xb2].map { UInt8(255 - share * (255 - Double($0))) }
  }

  /// As many images as fit.
  private func reconstructions(_ images: Reconstructions, within room: Int) -> String {
    let total = images.originals.count
    var count = total
    while count > 0 {
      let strip = images.first(count).strip
      let image = HTMLText.image(
        strip.png, description: "\(count) images above their reconstructions", kind: "strip")
      if image.utf8.count <= room {
        return "<figure>\(image)<figcaption>\(count) of \(total) recorded images, above their "
          + "reconstructions.</figcaption></figure>\n"
      }
      count /= 2
    }
    return "<p class=\"quiet\">Its \(total) reconstructions are too large for this page.</p>\n"
  }
}
