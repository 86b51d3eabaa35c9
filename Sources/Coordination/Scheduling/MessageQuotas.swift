/// Rate limits per connection and per key, so that one flooding peer does not affect others.
///
/// Messages beyond a quota are dropped as if the network had lost them; the protocol repeats them.
/// Dropped messages are counted and reported once per ``reportInterval``.
struct MessageQuotas: Sendable {
  /// A kind of dropped message.
  enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Messages beyond the rate.
    case messages
    /// Claims and results for attempts that the sender does not hold, beyond those that are
    /// answered.
    case answers
    /// Worker names beyond the limit of a connection or key.
    case names
    /// Messages with log lines beyond the rate of their bytes.
    case logs
  }

  /// Messages of one connection: sustained rate per second, and burst.
  ///
  /// Workers that compute nothing and deliver a hundred results per second stay below it. A message
  /// with many claims counts as several, see ``Event/weight(ofClaims:checkpoints:)``.
  static let messages = (perSecond: 2_000.0, atOnce: 8_192.0)
  /// Answers to claims and results of attempts that the sender does not hold, per connection.
  static let answers = (perSecond: 100.0, atOnce: 2_048.0)
  /// Bytes of log lines of one connection; one full message a second stays below it.
  static let logs = (perSecond: 65_536.0, atOnce: 1_048_576.0)
  /// Names that one connection may announce in succession; an honest one announces one.
  static let namesPerConnection = 8
  /// Workers that may be present under one key.
  static let workersPerKey = 4_096
  /// How often dropped messages are reported.
  static let reportInterval = Duration.seconds(60)

  /// A token bucket.
  private struct Bucket: Sendable {
    var tokens: Double
    var at: Instant

    mutating func take(
      _ count: Double, _ rate: (perSecond: Double, atOnce: Double), at now: Instant
    ) -> Bool {
      fill(rate, at: now)
      guard tokens >= count else { return false }
      tokens -= count
      return true
    }

    mutating func fill(_ rate: (perSecond: Double, atOnce: Double), at now: Instant) {
      guard now > at else { return }
      tokens = min(tokens + (now - at).seconds * rate.perSecond, rate.atOnce)
      at = now
    }
  }

  private struct Account: Sendable {
    var messages: Bucket
    var answers: Bucket
    var logs: Bucket
    var names: Set<WorkerID> = []
    var refused: [Kind: Int] = [:]

    init(at now: Instant) {
      messages = Bucket(tokens: MessageQuotas.messages.atOnce, at: now)
      answers = Bucket(tokens: MessageQuotas.answers.atOnce, at: now)
      logs = Bucket(tokens: MessageQuotas.logs.atOnce, at: now)
    }
  }

  private var accounts: [ConnectionID: Account] = [:]
  private var reportedAt: Instant?

  /// Whether to handle a message of a connection, which counts as so many.
  mutating func allowsMessage(
    of weight: Int = 1, on connection: ConnectionID, at now: Instant
  ) -> Bool {
    change(connection, at: now) { account in
      guard account.messages.take(Double(weight), Self.messages, at: now) else { return .messages }
      return nil
    }
  }

  /// Whether ``allowsMessage(of:on:at:)`` would allow a message, which this does not count.
  mutating func wouldAllowMessage(
    of weight: Int, on connection: ConnectionID, at now: Instant
  ) -> Bool {
    change(connection, at: now) { account in
      account.messages.fill(Self.messages, at: now)
      return account.messages.tokens >= Double(weight) ? nil : .messages
    }
  }

  /// Whether to keep log lines of a connection.
  mutating func allowsLogs(
    byteCount: Int, on connection: ConnectionID, at now: Instant
  ) -> Bool {
    change(connection, at: now) { account in
      guard account.logs.take(Double(byteCount), Self.logs, at: now) else { return .logs }
      return nil
    }
  }

  /// Whether to answer a claim or result of an attempt that the sender does not hold.
  mutating func allowsAnswer(on connection: ConnectionID, at now: Instant) -> Bool {
    change(connection, at: now) { account in
      guard account.answers.take(1, Self.answers, at: now) else { return .answers }
      return nil
    }
  }

  /// Whether a connection may announce a worker.
  ///
  /// - Parameter others: How many other workers are present under the same key.
  mutating func allowsName(
    _ worker: WorkerID, on connection: ConnectionID, others: Int, at now: Instant
  ) -> Bool {
    change(connection, at: now) { account in
      if account.names.contains(worker) { return nil }
      guard account.names.count < Self.namesPerConnection, others < Self.workersPerKey else {
        return .names
      }
      account.names.insert(worker)
      return nil
    }
  }

  private mutating func change(
    _ connection: ConnectionID, at now: Instant, _ body: (inout Account) -> Kind?
  ) -> Bool {
    var account = accounts.removeValue(forKey: connection) ?? Account(at: now)
    let refused = body(&account)
    if let refused { account.refused[refused, default: 0] += 1 }
    accounts[connection] = account
    return refused == nil
  }

  /// Forgets a connection that is gone.
  mutating func forget(_ connection: ConnectionID) { accounts[connection] = nil }

  /// The messages dropped since the last report, if a report is due; ordered by connection.
  mutating func report(at now: Instant) -> [(connection: ConnectionID, refused: [Kind: Int])] {
    guard reportedAt.map({ now - $0 >= Self.reportInterval }) ?? true else { return [] }
    let refusals = accounts.filter { !$0.value.refused.isEmpty }
      .sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
      .map { (connection: $0.key, refused: $0.value.refused) }
    guard !refusals.isEmpty else { return [] }
    reportedAt = now
    for (connection, _) in refusals { accounts[connection]?.refused = [:] }
    return refusals
  }

  /// Forgets idle connections whose buckets are full again.
  mutating func forgetIdle(at now: Instant, isKnown: (ConnectionID) -> Bool) {
    accounts = accounts.filter { connection, account in
      isKnown(connection) || !account.refused.isEmpty
        || now - account.messages.at < Self.reportInterval
    }
  }

  /// How many connections have an account.
  var count: Int { accounts.count }
}

extension WorkerID {
  /// The name of the worker's key; nil for unencrypted connections.
  ///
  /// For encrypted connections, the shell appends `@` and the key's name to every worker's name.
  package var key: String? {
    rawValue.lastIndex(of: "@").map { String(rawValue[rawValue.index(after: $0)...]) }
  }

  /// Where a worker runs: its host and, for encrypted connections, its key, `host@key`.
  ///
  /// The host alone is not enough, since a worker may announce any host name.
  func place(onHost host: String) -> String {
    // An empty host would give the name of the whole key.
    key.map { "\(host.isEmpty ? rawValue : host)@\($0)" } ?? host
  }

  /// Who is responsible for a worker's messages: its place or, for unencrypted connections, where
  /// the host name proves nothing, the worker alone, `worker NAME`.
  func member(onHost host: String) -> String {
    key == nil ? "worker \(rawValue)" : place(onHost: host)
  }

  /// The member name that stands for all workers of a key; nil for unencrypted connections.
  var keyMember: String? { key.map { "@\($0)" } }
}
