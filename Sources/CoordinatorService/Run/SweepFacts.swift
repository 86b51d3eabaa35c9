import Coordination
import Digests
import Foundation
import Trials
import Wire

/// The constants of a sweep that messages need: its identity, trials and images.
struct SweepFacts: Sendable {
  /// Identifies this sweep's record, so that a worker that served another sweep does not mix up
  /// results.
  let sweepID: String
  /// The sweep's name, for people.
  let name: String
  /// Port of the data connection.
  let dataPort: UInt16
  /// Whether only the workers started with this run can join.
  let hasLocalWorkersOnly: Bool
  /// The image archive of each data set.
  let images: [Dataset: PinnedImages]
  private let trials: TrialIndex
  /// The display names of the trials.
  let names: TrialNames

  /// An archive that the sweep's trials train on.
  struct PinnedImages: Sendable {
    var digest: Digest
    var byteCount: Int
    var url: URL
    /// Number of training images.
    var trainingCount: Int
    /// Number of evaluation images.
    var evaluationCount: Int
  }

  init(
    sweepID: String, plan: SweepPlan, dataPort: UInt16, hasLocalWorkersOnly: Bool,
    images: [Dataset: PinnedImages]
  ) {
    self.sweepID = sweepID
    name = plan.name
    self.dataPort = dataPort
    self.hasLocalWorkersOnly = hasLocalWorkersOnly
    self.images = images
    trials = TrialIndex(plan.trials)
    names = TrialNames(of: plan.trials)
  }

  /// A trial's name within a sentence; its identity if it is not planned.
  ///
  /// - Parameter isTyped: Whether people need to type the identity.
  func words(for trial: TrialID, isTyped: Bool) -> String {
    trials[trial].map { names.words(of: $0, isTyped: isTyped) } ?? "\(trial)"
  }

  /// A directive as a protocol message.
  func message(for directive: Directive) -> CoordinatorMessage {
    switch directive {
    case .welcome(let interval, let lostAfter):
      return .welcome(
        .init(
          heartbeatInterval: interval, lostAfter: lostAfter, dataLocation: .port(dataPort),
          sweep: name, sweepID: sweepID))
    case .heartbeat: return .heartbeat
    case .assign(let assignment):
      guard let images = images[assignment.configuration.dataset] else {
        preconditionFailure("the images of every planned data set are pinned before the start")
      }
      return .assignment(
        .init(
          attempt: AttemptKey(trial: assignment.trial, attempt: assignment.attempt),
          configurationJSON: Array(assignment.configuration.canonicalText.utf8),
          images: images.digest, imagesByteCount: images.byteCount,
          checkpoints: assignment.checkpoints, stallTimeout: assignment.stallTimeout,
          voidThrough: assignment.voidThrough, distrustedThrough: assignment.distrustedThrough,
          wantsLastCheckpoint: assignment.wantsLastCheckpoint, threads: assignment.threads))
    case .assignThreads(let trial, let attempt, let threads):
      return .threadsAssigned(AttemptKey(trial: trial, attempt: attempt), threads: threads)
    case .reportTaken(let trial, let attempt, let index):
      return .reportTaken(AttemptKey(trial: trial, attempt: attempt), index: index)
    case .pieceTaken(let trial, let attempt, let byteCount):
      return .pieceTaken(AttemptKey(trial: trial, attempt: attempt), byteCount: byteCount)
    case .trajectoryUnknown(let trial, let attempt, let byteCount):
      return .trajectoryUnknown(AttemptKey(trial: trial, attempt: attempt), byteCount: byteCount)
    case .acknowledge(let trial, let attempt):
      return .acknowledgement(AttemptKey(trial: trial, attempt: attempt))
    case .abandon(let trial, let attempt, let reason):
      return .abandon(AttemptKey(trial: trial, attempt: attempt), reason: reason)
    case .announceAgain: return .announceAgain
    case .drain(let reason): return .drain(reason: reason)
    case .shutDown(let reason): return .shutDown(reason: reason)
    case .refuse(let reason, let remedy): return .refusal(reason: reason, remedy: remedy)
    }
  }

  /// Reads a result and checks that it fits its trial.
  ///
  /// - Parameters:
  ///   - running: The trial's resolved configuration; nil while its parents have no results.
  ///   - maker: What the sender announced about itself. This is recorded regardless of the result's
  ///     content.
  /// - Throws: ``ResultRejection`` naming what does not fit.
  func accept(
    _ finished: WorkerMessage.Finished, for trial: TrialID, running: TrialConfiguration?,
    maker: ResultMaker? = nil
  ) throws(ResultRejection) -> ReceivedResult {
    let planned = trials[trial]
    let received: ReceivedResult
    do throws(WireError) {
      received = try ReceivedResult(serialised: finished.result, planned: running)
    } catch {
      throw ResultRejection(place: "result", found: "\(error)", expected: "a trial's result")
    }
    let result = received.result
    // The coordinator handles results of trials that are not planned.
    guard let planned else { return received }
    guard result.milestones.allSatisfy({ $0.stateDigest != nil }) else {
      throw ResultRejection(
        place: "state_sha256", found: "a report without one", expected: "32 bytes")
    }
    let kinds = result.artifacts.map(\.kind)
    let required = ArtifactKind.allCases.filter(\.isRequired)
    guard required.allSatisfy(kinds.contains) else {
      throw ResultRejection(
        place: "artifacts", found: "\(kinds.map(\.rawValue))",
        expected: "each of \(required.map(\.rawValue))")
    }
    guard planned.configuration.isComplete(result.milestones) else {
      throw ResultRejection(
        place: "milestones", found: "\(result.milestones.map(\.budget))",
        expected: "\(planned.configuration.milestones)")
    }
    guard result.provenance.images == images[planned.configuration.dataset]?.digest else {
      throw ResultRejection(
        place: "images", found: "\(result.provenance.images)",
        expected: "the archive that the sweep trains on")
    }
    if let defect = bounds(of: running)?.defect(of: result) { throw ResultRejection(defect) }
    guard let maker else { return received }
    do throws(WireError) {
      return try received.attributed(to: maker)
    } catch {
      throw ResultRejection(place: "result", found: "\(error)", expected: "a trial's result")
    }
  }

  /// What a trial can hand in; nil before its parents have results, and for one that is not planned.
  ///
  /// - Parameter running: The trial's resolved configuration.
  func bounds(of running: TrialConfiguration?) -> ResultBounds? {
    guard let running, let images = images[running.dataset] else { return nil }
    return try? ResultBounds(running, trainingImageCount: images.trainingCount)
  }
}

/// Why a result does not fit its trial.
struct ResultRejection: Error, CustomStringConvertible {
  let place: String
  let found: String
  let expected: String

  var description: String { "\(place): found \(found), expected \(expected)" }
}

extension ResultRejection {
  init(_ defect: ResultDefect) {
    self.init(place: defect.place, found: defect.found, expected: defect.expected)
  }
}
