/// What one connection, and one key, may ask of the coordinator, so that a neighbour who floods it
/// hurts nobody else.
///
/// What is beyond a quota is not taken in, as if the network had lost it: whoever follows the
/// protocol says it again. Refusals are counted, and told once in ``reportInterval``.
struct MessageQuotas: Sendable {
  /// What was refused.
  enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Messages beyond a second's.
    case messages
    /// Claims and deliveries that are none of the sender's, beyond those that are answered.
    case answers
    /// Names of workers beyond those that a connection, or a key, may have.
    case names
  }

  /// Messages of one connection in a second, in the long run and at once.
  ///
  /// Workers that compute nothing and hand in a hundred results a second stay below.
  static let messages = (perSecond: 2_000.0, atOnce: 8_192.0)
  /// Answers to what is none of the sender's business, of one connection.
  static let answers = (perSecond: 100.0, atOnce: 2_048.0)
  /// Names that one connection may announce, one after the other; an honest one announces one.
  static let namesPerConnection = 8
  /// Workers that may be present under one key.
  static let workersPerKey = 4_096
  /// How often people are told.
  static let reportInterval = Duration.seconds(60)

  /// Tokens that fill up again with time.
  private struct Bucket: Sendable {
    var tokens: Double
    var at: Instant

    mutating func take(_ rate: (perSecond: Double, atOnce: Double), at now: Instant) -> Bool {
      fill(rate, at: now)
      guard tokens >= 1 else { return false }
      tokens -= 1
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
    var names: Set<WorkerID> = []
    var refused: [Kind: Int] = [:]

    init(at now: Instant) {
      messages = Bucket(tokens: MessageQuotas.messages.atOnce, at: now)
      answers = Bucket(tokens: MessageQuotas.answers.atOnce, at: now)
    }
  }

  private var accounts: [ConnectionID: Account] = [:]
  private var reportedAt: Instant?

  /// Whether a message of a connection may be looked at.
  mutating func allowsMessage(on connection: ConnectionID, at now: Instant) -> Bool {
    change(connection, at: now) { account in
      guard account.messages.take(Self.messages, at: now) else { return .messages }
      return nil
    }
  }

  /// Whether something that is none of the sender's business may be answered.
  mutating func allowsAnswer(on connection: ConnectionID, at now: Instant) -> Bool {
    change(connection, at: now) { account in
      guard account.answers.take(Self.answers, at: now) else { return .answers }
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

  /// What was refused since people were told last, if it is time to tell them; in order of the
  /// connections.
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

  /// Forgets connections that have been silent for so long that nothing is held against them.
  mutating func forgetIdle(at now: Instant, isKnown: (ConnectionID) -> Bool) {
    accounts = accounts.filter { connection, account in
      isKnown(connection) || !account.refused.isEmpty
        || now - account.messages.at < Self.reportInterval
    }
  }

  /// How many connections are accounted for.
  var count: Int { accounts.count }
}

extension WorkerID {
  /// The name of the key that a worker speaks under; nil where connections are plain.
  ///
  /// Where they are encrypted, the shell completes every worker's name by `@` and its key's name.
  package var key: String? {
    rawValue.lastIndex(of: "@").map { String(rawValue[rawValue.index(after: $0)...]) }
  }

  /// Where a worker runs: its host and, where connections are encrypted, its key, `host@key`.
  ///
  /// The host alone would not do, for anybody may announce any name.
  func place(onHost host: String) -> String {
    // Without a host's name it would be the name of the whole key.
    key.map { "\(host.isEmpty ? rawValue : host)@\($0)" } ?? host
  }

  /// Who answers for what a worker says: its place or, where connections are plain and so the host
  /// may be anybody's word, the worker alone, `worker NAME`.
  func member(onHost host: String) -> String {
    key == nil ? "worker \(rawValue)" : place(onHost: host)
  }

  /// The name under which all that a key speaks for is left out; nil where connections are plain.
  var keyMember: String? { key.map { "@\($0)" } }
}
