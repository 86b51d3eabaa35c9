import Foundation

/// How fast hosts are and how far kinds of trial are off their expected cost, learned as trials
/// report.
///
/// A trial of expected cost `c` takes `c / exp(h + k)` seconds on a host: `h` belongs to the host,
/// `k` to the kind of trial. Both are estimated together from observed rates by a Kalman filter
/// without covariances, which needs four numbers for each and answers at once: what a new host
/// shows first is shared between host and kind by how little is known of either. The variances
/// make the bounds of the forecast.
struct SpeedModel: Sendable {
  /// A logarithm, as known so far.
  struct Estimate: Hashable, Sendable {
    var mean: Double
    var variance: Double
  }

  /// What is not known of a host beforehand: a factor of 1.5 either way is ordinary.
  static let hostVariance = 0.16
  /// What is not known of the cost model beforehand.
  static let kindVariance = 0.16
  /// Rates that are learned from, in expected seconds for each second.
  static let rateRange = 1e-6...1e6
  /// A rate differs that much from one moment to another (10 %).
  static let noise = 0.01
  /// So many hosts are remembered; of more, half are forgotten, those first that have not announced
  /// themselves for longest.
  static let hostCountMaximum = 8192

  private var hosts: [String: Estimate] = [:]
  private var processors: [String: String] = [:]
  /// When each host announced itself last, in announcements.
  private var announcements: [String: Int] = [:]
  private var announcementCount = 0
  private var kinds: [Int: Estimate] = [:]
  /// The kinds' factors: asked for often, changed seldom.
  private var factors: [Int: Double] = [:]

  /// The logarithm of a host's speed; 0 is the speed that expected costs are for.
  func host(_ name: String) -> Estimate {
    hosts[name] ?? Estimate(mean: 0, variance: Self.hostVariance)
  }

  /// The logarithm of the factor by which trials of a kind are faster than expected.
  func kind(_ number: Int) -> Estimate {
    kinds[number] ?? Estimate(mean: 0, variance: Self.kindVariance)
  }

  /// A host's speed; 1 is the speed that expected costs are for.
  func speed(of host: String) -> Double { exp(self.host(host).mean) }

  /// The factor by which trials of a kind are faster than expected.
  func factor(ofKind number: Int) -> Double { factors[number] ?? 1 }

  /// Takes in what a worker says of a host that is not known yet.
  ///
  /// A host with the processor of a known one starts with what is known of that one.
  mutating func introduce(
    _ host: String, processor: String, instructionSet: String, cores: Int, slots: Int
  ) {
    announcementCount += 1
    announcements[host] = announcementCount
    guard hosts[host] == nil else { return }
    if hosts.count >= Self.hostCountMaximum { forgetHosts() }
    var estimate = Estimate(mean: Self.mean(of: instructionSet), variance: Self.hostVariance)
    if !processor.isEmpty {
      if let twin = processors[processor], let known = hosts[twin] {
        estimate = Estimate(
          mean: known.mean, variance: min(known.variance + Self.noise, Self.hostVariance))
      } else {
        processors[processor] = host
      }
    }
    // More slots than cores share the cores.
    if cores > 0, slots > cores { estimate.mean += log(Double(cores) / Double(slots)) }
    hosts[host] = estimate
  }

  private mutating func forgetHosts() {
    let byAge = hosts.keys.sorted { (announcements[$0] ?? 0, $0) < (announcements[$1] ?? 0, $1) }
    for host in byAge.prefix(byAge.count / 2) {
      hosts[host] = nil
      announcements[host] = nil
    }
    processors = processors.filter { hosts[$0.value] != nil }
  }

  /// How many hosts are remembered.
  var hostCount: Int { hosts.count }

  /// Takes in that a trial went at a rate, in expected seconds for each second.
  mutating func observe(rate: Double, kind: Int, on host: String) {
    // A rate this far from the expected one tells nothing of a host, and would hide what others do.
    guard Self.rateRange.contains(rate) else { return }
    let (known, expected) = (self.host(host), self.kind(kind))
    let surprise = log(rate) - known.mean - expected.mean
    let total = known.variance + expected.variance + Self.noise
    hosts[host] = known.updated(surprise, of: total)
    let updated = expected.updated(surprise, of: total)
    kinds[kind] = updated
    factors[kind] = exp(updated.mean)
  }

  /// The instruction sets' speeds as measured on one processor, relative to the widest.
  private static func mean(of instructionSet: String) -> Double {
    switch instructionSet {
    case "avx2": log(0.7)
    case "portable": log(0.25)
    default: 0
    }
  }
}

extension SpeedModel.Estimate {
  /// The estimate after its share of a surprise; it never becomes so sure that it cannot change.
  fileprivate func updated(_ surprise: Double, of total: Double) -> Self {
    let gain = variance / total
    let limit = log(SpeedModel.rateRange.upperBound)
    return Self(
      mean: min(max(mean + gain * surprise, -limit), limit),
      variance: max(variance * (1 - gain), SpeedModel.noise / 25))
  }
}
