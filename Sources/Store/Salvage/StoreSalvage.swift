import Coordination
import Digests
import Foundation
import Trials
import Wire

/// The verified and consistent part of a damaged store: the records of a new one.
package struct StoreSalvage: Sendable {
  /// A result that the record mentions but that cannot be recovered.
  package struct Loss: Hashable, Sendable {
    package var trial: TrialID
    /// The reason, as a clause.
    package var reason: String
  }

  /// The sweep.
  package let plan: SweepPlan
  /// The records of the new store: the pinned images, then the results, parents first.
  package private(set) var records: [StampedRecord] = []
  /// The results among them.
  package private(set) var results: [TrialID: TrialResult] = [:]
  /// The results that are lost, in the plan's order.
  package private(set) var lost: [Loss] = []
  /// How many results are of trials that are not planned; they are not copied.
  package private(set) var unplannedCount: Int

  private var lostReasons: [TrialID: String] = [:]

  /// Combines results with a plan.
  ///
  /// - Parameters:
  ///   - found: The results, in the order in which they were recorded.
  ///   - suspected: Trials named in damaged bytes, with a clause on each.
  ///   - unplannedCount: How many further results are of trials that are not planned.
  init(
    of plan: SweepPlan, _ found: [SalvageSource.Found], suspected: [TrialID: String],
    unplannedCount: Int
  ) {
    self.plan = plan
    self.unplannedCount = unplannedCount
    let trials = TrialIndex(plan.trials)
    var images: [Dataset: Digest] = [:]
    for found in found {
      guard let planned = trials[found.trial] else {
        self.unplannedCount += 1
        continue
      }
      do throws(Obstacle) {
        let received = try received(found, planned)
        let dataset = planned.configuration.dataset
        let digest = received.result.provenance.images
        if images[dataset, default: digest] != digest {
          throw Obstacle(reason: "it was trained on other images than the results before it")
        }
        if images.updateValue(digest, forKey: dataset) == nil {
          append(.imagesPinned(dataset: dataset, digest: digest), found.milliseconds)
        }
        results[found.trial] = received.result
        append(found.record(received), found.milliseconds)
      } catch {
        lostReasons[found.trial] = error.reason
      }
    }
    for (trial, reason) in suspected
    where results[trial] == nil && lostReasons[trial] == nil && trials[trial] != nil {
      lostReasons[trial] = reason
    }
    lost = plan.trials.compactMap { trial in
      lostReasons[trial.id].map { Loss(trial: trial.id, reason: $0) }
    }
  }

  /// Why a result cannot be recovered.
  private struct Obstacle: Error {
    var reason: String
  }

  /// Reads a result and checks it against its trial and the trial's parents.
  private func received(
    _ found: SalvageSource.Found, _ planned: PlannedTrial
  ) throws(Obstacle) -> ReceivedResult {
    if case .attempt(let attempt, _) = found.origin,
      !JournalRows.attemptRange.contains(attempt)
    {
      throw Obstacle(reason: "it \(JournalRows.badAttempt(attempt))")
    }
    for parent in planned.parents where results[parent] == nil {
      throw Obstacle(reason: "it was made with the result of trial \(parent), which is lost")
    }
    let configuration: TrialConfiguration
    let received: ReceivedResult
    do {
      configuration = try planned.configuration.resolved { results[$0]?.milestones.last }
      received = try ReceivedResult(serialised: found.content, planned: configuration)
    } catch {
      throw Obstacle(reason: "it cannot be read: \(error)")
    }
    let result = received.result
    let used = result.provenance.configuration
    guard configuration.isComplete(result.milestones) else {
      throw Obstacle(reason: "it has other milestones than its trial")
    }
    guard
      planned.parents.isEmpty
        || (used.tolerance == configuration.tolerance
          && used.model.latents == configuration.model.latents)
    else { throw Obstacle(reason: "it was made with another result of its parent") }
    if let defect = result.defect {
      throw Obstacle(reason: "it is impossible for its trial: \(defect)")
    }
    return received
  }

  /// Appends a record; a time that no clock gives becomes the nearest that a journal may have.
  private mutating func append(_ record: JournalRecord, _ milliseconds: Int64) {
    let range = JournalRows.timeRange
    let bounded = min(max(milliseconds, range.lowerBound), range.upperBound)
    records.append(
      StampedRecord(
        sequence: records.count + 1,
        time: Date(timeIntervalSince1970: Double(bounded) / 1000), record: record))
  }
}
