import Foundation

/// Estimates of host speeds, of the cost error per kind of trial and of what threads gain, updated
/// from reported progress.
///
/// A trial of expected cost `c` takes `c / exp(h + k + t)` seconds on a host: `h` belongs to the
/// host, `k` to the kind of trial, `t` to the number of threads, 0 for one. They are estimated from
/// observed rates by a Kalman filter without covariances: each residual is split between them in
/// proportion to their variances. The variances also give the interval of the forecast.
struct SpeedModel: Sendable {
  /// An estimated logarithm.
  struct Estimate: Hashable, Sendable {
    var mean: Double
    var variance: Double
  }

  /// Prior variance of a host: one standard deviation is a factor of 1.5.
  static let hostVariance = 0.16
  /// Prior variance of a kind of trial.
  static let kindVariance = 0.16
  /// Prior variance of the gain of several threads.
  static let threadsVariance = 0.02
  /// Rates that are used, in expected seconds per second.
  static let rateRange = 1e-6...1e6
  /// Measurement variance of a rate (10 %).
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
  private var gains: [Int: Estimate] = [:]
  /// Cache of the kinds' factors, which are read often and change rarely.
  private var factors: [Int: Double] = [:]

  /// The logarithm of a host's speed; 0 is the reference speed of the expected costs.
  func host(_ name: String) -> Estimate {
    hosts[name] ?? Estimate(mean: 0, variance: Self.hostVariance)
  }

  /// The logarithm of the factor by which trials of a kind are faster than expected.
  func kind(_ number: Int) -> Estimate {
    kinds[number] ?? Estimate(mean: 0, variance: Self.kindVariance)
  }

  /// A host's speed; 1 is the reference speed of the expected costs.
  func speed(of host: String) -> Double { exp(self.host(host).mean) }

  /// The factor by which trials of a kind are faster than expected.
  func factor(ofKind number: Int) -> Double { factors[number] ?? 1 }

  /// The logarithm of how much faster a trial is with one of ``ThreadCounts/all``.
  private func gain(ofThreads count: Int) -> Estimate {
    gains[count]
      ?? Estimate(
        mean: log(ThreadCounts.expectedSpeedUp(count)),
        variance: count > 1 ? Self.threadsVariance : 0)
  }

  /// How much faster a trial is with so many threads than with one.
  func speedUp(ofThreads count: Int) -> Double {
    count < 2 ? 1 : exp(gain(ofThreads: ThreadCounts.largest(in: count)).mean)
  }

  /// Sets the prior of a new host from what its worker announced.
  ///
  /// A host with the processor of a known one starts with that host's estimate.
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
    // If there are more slots than cores, the slots share the cores.
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

  /// Updates the estimates from the rate of a trial with so many threads, in expected seconds per
  /// second.
  mutating func observe(rate: Double, kind: Int, on host: String, threads: Int = 1) {
    // Ignore outliers, which would distort the estimates.
    guard Self.rateRange.contains(rate) else { return }
    let (known, expected) = (self.host(host), self.kind(kind))
    let threads = ThreadCounts.largest(in: threads)
    let gain = gain(ofThreads: threads)
    let surprise = log(rate) - known.mean - expected.mean - gain.mean
    let total = known.variance + expected.variance + gain.variance + Self.noise
    if threads > 1 { gains[threads] = gain.updated(surprise, of: total) }
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
  /// The estimate after its share of a residual; the variance has a lower bound, so that it can
  /// still change.
  fileprivate func updated(_ surprise: Double, of total: Double) -> Self {
    let gain = variance / total
    let limit = log(SpeedModel.rateRange.upperBound)
    return Self(
      mean: min(max(mean + gain * surprise, -limit), limit),
      variance: max(variance * (1 - gain), SpeedModel.noise / 25))
  }
}
