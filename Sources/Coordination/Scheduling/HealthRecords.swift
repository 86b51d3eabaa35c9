import Trials

/// Evidence against hosts and stages: which trials failed where, and why.
///
/// The evidence is not durable; its consequences are (a drained host, a paused stage). A trial that
/// fails on several hosts is not held against any of them. Failures and false results count against
/// a worker's ``Worker/member``, so that nobody is blamed for messages of another worker that
/// announces its host.
struct HealthRecords: Sendable {
  private struct Death: Hashable {
    var trial: Int
    var host: String
  }

  /// Trials that failed by this member and at no other place, since the member's last result.
  private var suspects: [String: Set<Int>] = [:]
  /// Hosts on which a trial failed.
  private var hostsOfDeath: [Int: Set<String>] = [:]
  /// Trials of which a member delivered a refused result, or took no step, since its last good
  /// result.
  private var falsehoods: [String: Set<Int>] = [:]
  /// Places where a member's checkpoints were refused, by trial.
  private var badCheckpoints: [String: [Int: String]] = [:]
  private var deathsByStage: [Int: [FailureCause: [Death]]] = [:]
  /// Most failures kept per stage.
  private static let deathsKept = 32

  /// Notes that an attempt of a member failed, at its place.
  mutating func noteDeath(
    of trial: Int, stage: Int, on host: String, by member: String, cause: FailureCause
  ) {
    if cause.chargesTrial {
      let death = Death(trial: trial, host: host)
      var deaths = deathsByStage[stage]?[cause] ?? []
      if deaths.count < Self.deathsKept, !deaths.contains(death) {
        deaths.append(death)
        deathsByStage[stage, default: [:]][cause] = deaths
      }
    }
    guard cause.speaksAgainstHost else { return }
    hostsOfDeath[trial, default: []].insert(host)
    if hostsOfDeath[trial]?.count == 1 {
      suspects[member, default: []].insert(trial)
    } else {
      for member in Array(suspects.keys) { suspects[member]?.remove(trial) }
    }
  }

  /// Notes that a trial has its result.
  mutating func noteResult(of trial: Int, stage: Int, by member: String) {
    suspects[member] = nil
    hostsOfDeath[trial] = nil
    deathsByStage[stage] = nil
  }

  /// Notes that a member delivered a false result; returns of how many trials it did so since its
  /// last good result.
  mutating func noteFalsehood(about trial: Int, by member: String) -> Int {
    falsehoods[member, default: []].insert(trial)
    return falsehoods[member]?.count ?? 0
  }

  /// Whether a member delivered a false result of a trial since its last good result.
  func wasFalse(about trial: Int, by member: String) -> Bool {
    falsehoods[member]?.contains(trial) == true
  }

  /// Notes that a worker at a place could not resume from a member's checkpoint.
  ///
  /// Returns the number of trials concerned, and whether several places refused, since a single one
  /// may lie.
  mutating func noteBadCheckpoint(
    of trial: Int, by member: String, refusedAt place: String
  ) -> (trials: Int, isProved: Bool) {
    badCheckpoints[member, default: [:]][trial] = place
    let refusals = badCheckpoints[member] ?? [:]
    return (refusals.count, Set(refusals.values).count > 1)
  }

  /// Forgets the member's refused checkpoints.
  mutating func forgetBadCheckpoints(by member: String) { badCheckpoints[member] = nil }

  /// Forgets the false results of members that have delivered a good one or get another chance.
  mutating func forgetFalsehoods(of members: [String?]) {
    for member in members.compactMap(\.self) { falsehoods[member] = nil }
  }

  /// How many trials failed by this member only, since its last result.
  func deathCount(of member: String) -> Int { suspects[member]?.count ?? 0 }

  /// Forgets the failures of a member.
  mutating func forgetDeaths(of member: String) { suspects[member] = nil }

  /// Forgets the evidence against a stage.
  mutating func forget(stage: Int) { deathsByStage[stage] = nil }

  /// The cause for which two different trials of a stage failed on two hosts, and those hosts.
  func commonCause(in stage: Int) -> (cause: FailureCause, hosts: [String])? {
    for cause in FailureCause.allCases {
      let deaths = deathsByStage[stage]?[cause] ?? []
      for death in deaths {
        let other = deaths.first { $0.trial != death.trial && $0.host != death.host }
        if let other { return (cause, [death.host, other.host].sorted()) }
      }
    }
    return nil
  }
}

extension FailureCause {
  /// Whether the host may be the cause of such a failure.
  ///
  /// A diverged loss does not depend on the host. A worker with a full disk reports that as an
  /// obstacle itself.
  var speaksAgainstHost: Bool {
    switch self {
    case .exitCode, .signal, .outOfMemory, .timeout, .refused: true
    case .notANumber, .diskFull, .lost, .stopped, .resultRefused, .badCheckpoint, .parentFailed:
      false
    }
  }
}
