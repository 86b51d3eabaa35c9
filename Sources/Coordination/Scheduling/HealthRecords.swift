import Trials

/// What speaks against hosts and against stages: which trials died where, and of what.
///
/// None of it is durable; what follows from it is (a drained host, a paused stage). A trial that
/// dies on one host after another speaks against itself, not against them. Deaths are held against a
/// worker's ``Worker/place``, falsehoods against its ``Worker/member``, so that nobody is blamed for
/// what another one says under its name.
struct HealthRecords: Sendable {
  private struct Death: Hashable {
    var trial: Int
    var host: String
  }

  /// Trials that died on a host, with no result from there since, and on no other host.
  private var suspects: [String: Set<Int>] = [:]
  /// Hosts on which a trial died.
  private var hostsOfDeath: [Int: Set<String>] = [:]
  /// Trials of which a member handed in what cannot be theirs, or at which it took no step, with no
  /// result from it since.
  private var falsehoods: [String: Set<Int>] = [:]
  /// Where checkpoints that a member had handed in were refused, by trial.
  private var badCheckpoints: [String: [Int: String]] = [:]
  private var deathsByStage: [Int: [FailureCause: [Death]]] = [:]
  /// More deaths of one stage than these tell nothing new.
  private static let deathsKept = 32

  /// Takes in that an attempt died.
  mutating func noteDeath(of trial: Int, stage: Int, on host: String, cause: FailureCause) {
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
      suspects[host, default: []].insert(trial)
    } else {
      for host in hostsOfDeath[trial] ?? [] { suspects[host]?.remove(trial) }
    }
  }

  /// Takes in that a trial has its result.
  mutating func noteResult(of trial: Int, stage: Int, on host: String) {
    suspects[host] = nil
    hostsOfDeath[trial] = nil
    deathsByStage[stage] = nil
  }

  /// Takes in that a member was found to be false about a trial; of how many trials it was since the
  /// last result from it.
  mutating func noteFalsehood(about trial: Int, by member: String) -> Int {
    falsehoods[member, default: []].insert(trial)
    return falsehoods[member]?.count ?? 0
  }

  /// Whether a member was false about a trial, with no result from it since.
  func wasFalse(about trial: Int, by member: String) -> Bool {
    falsehoods[member]?.contains(trial) == true
  }

  /// Takes in that a worker at a place could not go on from a member's checkpoint; of how many trials
  /// such ones were, and whether they were refused at several places, as one alone may lie.
  mutating func noteBadCheckpoint(
    of trial: Int, by member: String, refusedAt place: String
  ) -> (trials: Int, isProved: Bool) {
    badCheckpoints[member, default: [:]][trial] = place
    let refusals = badCheckpoints[member] ?? [:]
    return (refusals.count, Set(refusals.values).count > 1)
  }

  /// Forgets whose checkpoints were bad.
  mutating func forgetBadCheckpoints(by member: String) { badCheckpoints[member] = nil }

  /// Takes in that members have handed in a result, or are given another chance.
  mutating func forgetFalsehoods(of members: [String?]) {
    for member in members.compactMap(\.self) { falsehoods[member] = nil }
  }

  /// How many different trials died on a host alone since the last result from it.
  func deathCount(on host: String) -> Int { suspects[host]?.count ?? 0 }

  /// Forgets what speaks against a host.
  mutating func forget(host: String) { suspects[host] = nil }

  /// Forgets what speaks against a stage.
  mutating func forget(stage: Int) { deathsByStage[stage] = nil }

  /// The cause of which two different trials of a stage died on two hosts, and those hosts.
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
  /// Whether a death of this kind may be its host's doing.
  ///
  /// A loss that stops being a number is the trial's own wherever it runs; of a full disk the worker
  /// itself says when there is room again.
  var speaksAgainstHost: Bool {
    switch self {
    case .exitCode, .signal, .outOfMemory, .timeout, .refused: true
    case .notANumber, .diskFull, .lost, .stopped, .resultRefused, .badCheckpoint, .parentFailed:
      false
    }
  }
}
