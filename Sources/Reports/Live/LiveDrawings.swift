import Foundation
import Trials

/// The reports' drawings and tables for a running sweep.
package enum LiveDrawings {
  /// Figure 1 of any trial, with another one's curves in grey behind it.
  ///
  /// - Parameters:
  ///   - trajectory: The trajectory's bytes so far.
  ///   - ghost: The other trial's; nil for none.
  /// - Throws: ``LiveDrawingError`` if one of them is not a trajectory.
  package static func traces(
    of trial: RecordedTrial, _ trajectory: Data, ghost: Data?, in scheme: ColourScheme
  ) throws(LiveDrawingError) -> Data {
    var drawing = Figure1Drawing(
      trial: trial, trajectory: try read(trajectory), banner: nil)
    if let ghost { drawing.ghost = try read(ghost) }
    return scheme.applied(to: drawing.svg)
  }

  /// The numbers at each step of a trajectory, for a cursor over its drawing.
  ///
  /// - Throws: ``LiveDrawingError`` if the bytes are not a trajectory.
  package static func samples(
    of trajectory: Data, ghost: Data?
  ) throws(LiveDrawingError) -> TrajectorySamples {
    TrajectorySamples(try read(trajectory), ghost: try ghost.map(read))
  }

  /// A trial's images above their reconstructions, as PNG.
  ///
  /// - Throws: ``LiveDrawingError`` if the bytes are not reconstructions.
  package static func strip(of reconstructions: Data) throws(LiveDrawingError) -> Data {
    do {
      return Data(try Reconstructions(reconstructions).strip.png)
    } catch {
      throw LiveDrawingError(error)
    }
  }

  /// What the open dimensions of a trial show.
  ///
  /// - Throws: ``LiveDrawingError`` if the bytes are not what a trial records of them.
  package static func traversals(
    of latents: Data, title: String, in scheme: ColourScheme
  ) throws(LiveDrawingError) -> Data {
    do {
      return scheme.applied(
        to: TraversalDrawing(record: try LatentRecord(latents), title: title).svg)
    } catch {
      throw LiveDrawingError(error)
    }
  }

  private static func read(_ data: Data) throws(LiveDrawingError) -> TrajectoryTable {
    do {
      return try TrajectoryTable(data)
    } catch {
      throw LiveDrawingError(error)
    }
  }
}

/// The front of a sweep and Table I so far.
package struct LiveFront: Sendable {
  /// The most points drawn; more would be too many for a screen and a browser.
  static let pointCountMaximum = 600

  /// The number of grid points on the front.
  package let onFront: Int
  /// The number of grid points with a result.
  package let withResult: Int
  /// Figure 3 without images.
  private let drawing: Data
  /// The points of the front against core-hours.
  private let progress: Data
  /// `table1.json`, with the paper's numbers; nil if no tolerance is measured.
  package let table1: Data?

  /// The front of a sweep at one moment.
  ///
  /// - Parameters:
  ///   - spent: By trial, the core-hours of all results up to and including its own.
  ///   - total: The core-hours of all results.
  package init(of results: SweepResults, spent: [TrialID: Double] = [:], total: Double = 0) {
    let front = Front(of: results)
    progress = FrontProgress(of: front, spent: spent, total: total).svg
    let points = front.series.flatMap(\.points)
    onFront = points.count(where: \.isOnFront)
    withResult = points.count { $0.gatesOpen != nil }
    let thinned = front.thinned(to: Self.pointCountMaximum)
    let shown = thinned.series.reduce(0) { $0 + $1.points.count { $0.gatesOpen != nil } }
    let note = shown < withResult ? "\(shown) of \(withResult) points drawn" : nil
    let banner = [Completion(of: results).banner, note].compactMap { $0 }.joined(separator: "; ")
    drawing =
      Figure3Drawing(
        front: thinned, samples: [:], name: results.plan.name,
        banner: banner.isEmpty ? nil : banner
      ).svg
    let isMeasured = results.plan.trials.contains {
      $0.configuration.tolerance.measurement != nil
    }
    table1 = isMeasured ? Table1(of: results).json : nil
  }

  /// The drawing of the front.
  package func svg(in scheme: ColourScheme) -> Data { scheme.applied(to: drawing) }

  /// The drawing of its growth with the core-hours spent.
  package func progressSVG(in scheme: ColourScheme) -> Data { scheme.applied(to: progress) }
}

/// Why something cannot be drawn, in words.
package struct LiveDrawingError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ error: FormatError) {
    description = "\(error.place): found \(error.found), expected \(error.expected)"
  }
}
