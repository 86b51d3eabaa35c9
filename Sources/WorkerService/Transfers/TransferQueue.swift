import Foundation
import Messaging
import Synchronization
import Transfers

/// A thread that carries out transfers one after the other over its own data connection.
///
/// Downloads and uploads have separate queues, so that a result never waits for a data set.
final class TransferQueue: Sendable {
  /// A transfer; it reports its own end, even without a connection.
  typealias Job = @Sendable (borrowing TransferConnection) -> Void

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  private struct State {
    var endpoint: String?
    var jobs: [Job] = []
    /// Cancels the current transfer.
    var cancellation: Cancellation?
  }

  /// Starts the thread, which runs until the process ends.
  init(_ context: Context, _ security: SocketSecurity) {
    Thread.detachNewThread { [self] in
      var connection = TransferConnection(context, security)
      while true {
        wake.wait()
        let cancellation = try? Cancellation()
        let (endpoint, job) = state.withLock { state in
          state.cancellation = cancellation
          return (state.endpoint, state.jobs.isEmpty ? nil : state.jobs.removeFirst())
        }
        connection.move(to: endpoint, cancellation: cancellation)
        job?(connection)
        connection.replaceIfBroken()
      }
    }
  }

  /// Sets the endpoint of transfers; cancels a running transfer to another endpoint, which will be
  /// retried.
  func connect(to endpoint: String) {
    let outdated = state.withLock { state -> Cancellation? in
      guard state.endpoint != endpoint else { return nil }
      state.endpoint = endpoint
      return state.cancellation
    }
    outdated?.cancel()
  }

  /// Adds a transfer.
  ///
  /// May be called from any thread. The worker's slots bound the number of transfers.
  func perform(_ job: @escaping Job) {
    state.withLock { $0.jobs.append(job) }
    wake.signal()
  }
}

/// The data connection of a ``TransferQueue``: opened on first use, and reopened when the
/// coordinator's endpoint has changed.
struct TransferConnection: ~Copyable {
  private let context: Context
  private let security: SocketSecurity
  private var endpoint: String?
  private var client: Result<Client, MessagingError>?
  private var cancellation: Cancellation?

  private final class Client {
    let blobs: BlobClient
    /// Whether a transfer failed; libzmq does not recover from some failures.
    var isBroken = false

    init(
      _ context: Context, _ endpoint: String, _ security: SocketSecurity
    ) throws(MessagingError) {
      blobs = try BlobClient(context, endpoint: endpoint, options: .data.with(security))
    }
  }

  fileprivate init(_ context: Context, _ security: SocketSecurity) {
    self.context = context
    self.security = security
  }

  fileprivate mutating func move(to newEndpoint: String?, cancellation: Cancellation?) {
    self.cancellation = cancellation
    guard let newEndpoint, newEndpoint != endpoint else { return }
    open(newEndpoint)
  }

  /// Reopens the connection after a failed transfer.
  fileprivate mutating func replaceIfBroken() {
    guard let endpoint, case .success(let broken) = client, broken.isBroken else { return }
    open(endpoint)
  }

  private mutating func open(_ newEndpoint: String) {
    endpoint = newEndpoint
    client = Result { () throws(MessagingError) in try Client(context, newEndpoint, security) }
  }

  /// Lets a transfer use the connection until it is cancelled.
  ///
  /// - Throws: `MessagingError` if there is none, or the error of the transfer.
  func use(_ transfer: (borrowing BlobClient, Cancellation?) throws -> Void) throws {
    guard let client else {
      throw MessagingError(
        code: .hostUnreachable, operation: "connect", context: "no coordinator yet")
    }
    let opened = try client.get()
    do {
      try transfer(opened.blobs, cancellation)
    } catch {
      opened.isBroken = true
      throw error
    }
  }
}
