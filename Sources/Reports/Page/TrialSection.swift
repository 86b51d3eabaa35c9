import Digests
import Foundation
import Trials

/// A trial's section of the page: its results, curves, gates, reconstructions and what its open
/// dimensions show.
struct TrialSection {
  /// The trial, which has a result.
  let trial: RecordedTrial
  /// Its name in the sweep.
  let name: String
  /// Its files.
  let loader: ArtifactLoader
  /// The numbers of images of the sweep's data sets.
  let counts: ImageCounts
  /// Whether the sweep asks for latent traversals.
  var asksForLatents = false
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
    var record: LatentRecord?
    var note =
      asksForLatents ? "<p class=\"quiet\">Its latent traversals are not recorded.</p>\n" : ""
    if trial.result?.artifacts.contains(where: { $0.kind == .latents }) == true {
      do throws(ReportError) {
        record = try loader.parse(.latents, of: trial) { try LatentRecord($0) }
      } catch {
        problems.append(error)
        note = "<p class=\"note\">No latent traversals: \(HTMLText.escaped("\(error)"))</p>\n"
      }
    }
    do throws(ReportError) {
      let trajectory = try loader.parse(.trajectory, of: trial) { try TrajectoryTable($0) }
      parts.append(traces(trajectory))
      if trajectory.gateCount > 0 { parts.append(gates(trajectory, record)) }
    } catch {
      problems.append(error)
      parts.append("<p class=\"note\">No traces: \(HTMLText.escaped("\(error)"))</p>\n")
    }
    func room() -> Int { byteCountMaximum - parts.reduce(0) { $0 + $1.utf8.count } }
    do throws(ReportError) {
      let images = try loader.parse(.reconstructions, of: trial) { try Reconstructions($0) }
      // The traversals get half of the room.
      parts.append(reconstructions(images, within: record == nil ? room() : room() / 2))
    } catch {
      problems.append(error)
      parts.append("<p class=\"note\">No reconstructions: \(HTMLText.escaped("\(error)"))</p>\n")
    }
    parts.append(record.map { traversals($0, within: room()) } ?? note)
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
  ///
  /// - Parameter record: Sorts open gates by falling KL; without it they are in order.
  private func gates(_ trajectory: TrajectoryTable, _ record: LatentRecord?) -> String {
    var closings = GateCourse.byClosing(GateCourse.all(of: trajectory))
    let ranked = LatentRecord.ranked(record?.dimensions ?? [])
    let places = Dictionary(uniqueKeysWithValues: zip(ranked.map(\.index), ranked.indices))
    let stillOpen = closings.filter(\.isOpen).sorted {
      (places[$0.gate] ?? .max) < (places[$1.gate] ?? .max)
    }
    closings = stillOpen + closings.filter { !$0.isOpen }
    func divergence(_ gate: GateCourse) -> [String] {
      guard let record else { return [] }
      guard gate.isOpen, gate.gate < record.dimensions.count else { return [""] }
      return [NumberText.compact(record.dimensions[gate.gate].divergence, upTo: 3)]
    }
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
        return ["gate \(gate.gate)", "open", ""] + divergence(gate)
      }
      return ["gate \(gate.gate)", "closed at step \(step)", NumberText.fixed(error, 3)]
        + divergence(gate)
    }
    let left = closings.count - rows.count
    return
      "<figure>\(image)<figcaption>σ(kγ) of each gate, a row each, dark where it is open; from "
      + "left to right the course of training.</figcaption></figure>\n"
      + "<details><summary>When each gate closed (\(open) of \(closings.count) are open)</summary>\n"
      + HTMLText.table(
        "By the samples of the trajectory; the error is the moving average there."
          + (record == nil ? "" : " Open gates are sorted by their KL at the end.")
          + (left > 0 ? " \(left) gates that closed earlier are left out." : ""),
        header: ["gate", "", "mse"] + (record == nil ? [] : ["KL"]), rows: rows) + "</details>\n"
  }

  /// White for 0, the colour of the first series for 1.
  private static func color(_ probability: Double) -> [UInt8] {
    let share = probability.isFinite ? min(1, max(0, probability)) : 0
    return [0x00, 0x72, 0xb2].map { UInt8(255 - share * (255 - Double($0))) }
  }

  /// What the open dimensions show: as many steps and rows as fit.
  private func traversals(_ record: LatentRecord, within room: Int) -> String {
    let dataset = counts.title(of: trial.planned.configuration.dataset)
    let path = LatentTable.picturePath(of: trial.planned.id)
    let place = asksForLatents ? "; all of it is in <code>\(path)</code>" : ""
    var drawing = TraversalDrawing(record: record, title: "\(dataset), \(name)")
    guard !record.rows.isEmpty else {
      return "<figure>\(HTMLText.drawing(drawing.svg))</figure>\n"
    }
    while true {
      let html = HTMLText.drawing(drawing.svg)
      if html.utf8.count <= room {
        let thinned =
          drawing.columnStride > 1 ? " Only every second step is drawn\(place)." : ""
        return "<figure>\(html)<figcaption>What each open dimension shows: it goes from "
          + "\(NumberText.compact(-(record.offsets.first ?? 0))) deviations below its mean to as "
          + "many above, while the others keep the values of one evaluation image. By falling KL."
          + "\(thinned)</figcaption></figure>\n"
      }
      if drawing.columnStride == 1 {
        drawing.columnStride = 2
        continue
      }
      let count = min(drawing.rowCountMaximum, record.rows.count)
      guard count > 1 else { break }
      drawing.rowCountMaximum = count / 2
    }
    return "<p class=\"quiet\">Its latent traversals are too large for this page\(place).</p>\n"
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
