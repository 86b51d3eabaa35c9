import Foundation
import Glibc
import Messaging
import Synchronization

/// Decides whose connections and messages a running coordinator accepts.
///
/// It reads the lists again whenever their files have changed, so that `coordinator admit`,
/// `enroll` and `revoke` work on a running coordinator. May be used from any thread.
package final class Gatekeeper: Sendable {
  /// What a key may do.
  package enum Standing: Hashable, Sendable {
    /// Work, under this name.
    case worker(name: String)
    /// Only enrol a worker's key.
    case token(CurvePublicKey)
    /// Nothing: it was revoked.
    case revoked(name: String)
    /// Nothing: the key is unknown.
    case stranger
  }

  /// The domain of the coordinator's sockets.
  private static let domain = "bottlenecksweep"
  /// The key name of workers that a coordinator starts itself.
  package static let localName = "local"

  /// The coordinator's keys.
  package let keys: CurveKeyPair
  private let folder: KeyFolder
  private let report: @Sendable (String) -> Void
  private let state = Mutex(State())
  private let start = ContinuousClock.now

  private struct State {
    var list = AllowList()
    var tokens = TokenList()
    var stamps: [FileStamp?] = []
    var local: CurvePublicKey?
    var notes = RepeatedNotes()
    var isLogging = false
    /// Why the lists cannot be read; no new worker is admitted then.
    var trouble: String?
  }

  /// A gatekeeper for a key folder; creates keys if there are none.
  ///
  /// - Parameter report: Called with log messages, from any thread.
  package init(
    _ folder: KeyFolder, report: @escaping @Sendable (String) -> Void
  ) throws(AccessError) {
    self.folder = folder
    self.report = report
    keys = try folder.keysMadeIfMissing(of: .coordinator)
    // An unreadable list is an error only at the start.
    let (list, tokens) = (try folder.allowList(), try folder.tokens())
    state.withLock {
      $0.list = list
      $0.tokens = tokens
      $0.stamps = stamps()
    }
  }

  /// The security of the coordinator's sockets.
  package var serverSecurity: SocketSecurity { .curveServer(keys, domain: Self.domain) }

  /// How many workers are admitted.
  package var admittedCount: Int {
    state.withLock { $0.list.entries.count { $0.revoked == nil } }
  }

  /// Generates and admits keys for the workers of this process; they are valid until it ends.
  package func makeLocalKeys() throws(AccessError) -> CurveKeyPair {
    do {
      let keys = try CurveKeyPair.generate()
      state.withLock { $0.local = keys.publicKey }
      return keys
    } catch {
      throw .noCurve
    }
  }

  /// Starts to decide for the sockets of a context.
  package func openDesk(_ context: Context) throws(MessagingError) -> AdmissionDesk {
    try AdmissionDesk(context) { [self] in decide($0) }
  }

  /// What the holder of a user id may do, as of the latest ``refresh()``.
  package func standing(of userID: String?) -> Standing {
    guard let userID, let key = CurvePublicKey(userID) else { return .stranger }
    return state.withLock { Self.standing(of: key, in: $0) }
  }

  /// Whether several hosts may use the key of a user id.
  package func isShared(_ userID: String) -> Bool {
    guard let key = CurvePublicKey(userID) else { return false }
    return state.withLock { $0.list.entry(of: key)?.isShared ?? false }
  }

  /// Rereads the lists if their files have changed, and logs repeated notes that are due.
  package func refresh() {
    let texts = state.withLock { state in
      reload(&state)
      return state.notes.due(at: ContinuousClock.now - start)
    }
    for text in texts { report(text) }
  }

  /// Admits a worker's key for a token; see ``KeyFolder/enrol(_:host:token:at:)``.
  package func enrol(
    _ worker: CurvePublicKey, host: String, token: CurvePublicKey
  ) throws(AccessError) -> String {
    let name = try folder.enrol(worker, host: host, token: token, at: Date())
    refresh()
    return name
  }

  /// Whether a token is valid and unused.
  package func isOpen(_ token: CurvePublicKey) -> Bool {
    state.withLock { Self.isOpen(token, in: $0) }
  }

  /// Starts to log refusals; earlier ones are the coordinator's own test connections.
  package func startLogging() { state.withLock { $0.isLogging = true } }

  /// Logs a note, with repetitions combined.
  package func note(kind: String, _ text: String) {
    let text = state.withLock { state in
      state.isLogging
        ? state.notes.note(kind: kind, text, at: ContinuousClock.now - start) : nil
    }
    if let text { report(text) }
  }

  private func decide(_ request: AdmissionDesk.Request) -> AdmissionDesk.Decision {
    refresh()
    let (standing, isOpen, trouble) = state.withLock { state in
      (
        Self.standing(of: request.key, in: state), Self.isOpen(request.key, in: state),
        state.trouble
      )
    }
    switch standing {
    case .worker where trouble == nil, .token where isOpen && trouble == nil:
      return .admit(userID: "\(request.key)")
    case .worker,
      .token where trouble != nil:
      refuse(request, "lists", "the lists cannot be read: \(trouble ?? "")")
    case .token: refuse(request, "token", "its token is used or has expired")
    case .revoked(let name): refuse(request, "revoked", "the key of \(name) was revoked")
    case .stranger: refuse(request, "key", "its key, \(request.key.short)…, is not admitted")
    }
    return .refuse
  }

  private func refuse(_ request: AdmissionDesk.Request, _ kind: String, _ reason: String) {
    note(
      kind: "\(kind) \(request.address)", "refused a connection from \(request.address): \(reason)")
  }

  private static func standing(of key: CurvePublicKey, in state: State) -> Standing {
    if key == state.local { return .worker(name: localName) }
    if let entry = state.list.entry(of: key) {
      return entry.revoked == nil ? .worker(name: entry.name) : .revoked(name: entry.name)
    }
    return state.tokens.entry(of: key) == nil ? .stranger : .token(key)
  }

  private static func isOpen(_ token: CurvePublicKey, in state: State) -> Bool {
    state.tokens.entry(of: token).map { $0.usedFor == nil && $0.expires > Date() } ?? false
  }

  private func reload(_ state: inout State) {
    let found = stamps()
    guard found != state.stamps else { return }
    state.stamps = found
    do throws(AccessError) {
      state.list = try folder.allowList()
      state.tokens = try folder.tokens()
      state.trouble = nil
    } catch {
      state.trouble = "\(error)"
      report("no new worker is admitted: \(error)")
    }
  }

  private func stamps() -> [FileStamp?] {
    [AllowList.fileName, TokenList.fileName].map { FileStamp(folder.url.appending(path: $0)) }
  }
}

/// The parts of a file's status that change when it is replaced.
private struct FileStamp: Hashable {
  var device: UInt
  var inode: UInt
  var size: Int
  var seconds: Int
  var nanoseconds: Int

  init?(_ file: URL) {
    var found = stat()
    guard stat(file.path, &found) == 0 else { return nil }
    device = UInt(found.st_dev)
    inode = UInt(found.st_ino)
    size = Int(found.st_size)
    seconds = Int(found.st_mtim.tv_sec)
    nanoseconds = Int(found.st_mtim.tv_nsec)
  }
}
