import Files
import Foundation
import Glibc
import Messaging
import Synchronization

/// Serves a sweep's ``ControlSocket`` on a separate thread, so that slow or faulty clients do not
/// delay the sweep.
///
/// Each line received is a request, each line sent its reply. A connection may send many requests.
/// An invalid request is answered with an error; a line that is too long closes the connection.
final class AdministrationServer: Sendable {
  /// A request that waits for its answer.
  struct Call: Sendable {
    let request: AdministrationRequest
    private let answers: Inbox<Answer>
    private let connection: Int

    init(_ request: AdministrationRequest, connection: Int, answers: Inbox<Answer>) {
      self.request = request
      self.connection = connection
      self.answers = answers
    }

    /// Answers the request.
    ///
    /// May be called from any thread; does nothing if the peer has gone.
    func answer(_ reply: AdministrationReply) {
      answers.put(.reply(reply, to: connection))
    }
  }

  enum Answer: Sendable {
    case reply(AdministrationReply, to: Int)
    case close
  }

  /// Most connections at once; a further one closes the one that was idle longest.
  private static let connectionCountMaximum = 32

  /// The received requests.
  let calls: Inbox<Call>
  private let answers: Inbox<Answer>
  private let folder: URL
  private let done = DispatchSemaphore(value: 0)

  /// Listens in a sweep's folder, whose lock the caller holds.
  init(folder: URL) throws {
    self.folder = folder
    calls = try Inbox()
    answers = try Inbox()
    let listener = try ControlSocket.listen(in: folder)
    Thread.detachNewThread { [calls, answers, done] in
      var session = Session(listener: listener, calls: calls, answers: answers)
      session.run()
      done.signal()
    }
  }

  /// Closes every connection and removes the socket.
  func stop() {
    answers.put(.close)
    done.wait()
    ControlSocket.remove(from: folder)
  }

  /// The thread's own state.
  private struct Session {
    let listener: Int32
    let calls: Inbox<Call>
    let answers: Inbox<Answer>
    /// Connections, the longest idle one first.
    var connections: [AdministrationConnection] = []
    /// How many connections there were.
    var count = 0

    mutating func run() {
      defer {
        for connection in connections { connection.close() }
        Glibc.close(listener)
      }
      while true {
        let items =
          [answers.pollItem, PollItem(descriptor: listener)]
          + connections.map { PollItem(descriptor: $0.descriptor, $0.interest) }
        guard let ready = try? Poller.wait(for: items, timeout: .seconds(60)) else { return }
        for (index, readiness) in ready.dropFirst(2).enumerated() where !readiness.isEmpty {
          serve(index, readiness)
        }
        for answer in answers.take() {
          guard case .reply(let reply, let number) = answer else { return }
          guard let index = connections.firstIndex(where: { $0.number == number })
          else { continue }
          connections[index].reply(reply)
          takeRequest(index)
        }
        if ready.count > 1, !ready[1].isEmpty { accept() }
        for connection in connections where connection.isClosed { connection.close() }
        connections.removeAll(where: \.isClosed)
      }
    }

    private mutating func accept() {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      if connections.count >= AdministrationServer.connectionCountMaximum {
        let idle = connections.firstIndex { !$0.isWaiting } ?? 0
        connections.remove(at: idle).close()
      }
      count += 1
      connections.append(AdministrationConnection(descriptor, number: count))
    }

    private mutating func serve(_ index: Int, _ readiness: Readiness) {
      connections[index].flush()
      if !connections[index].isWaiting {
        connections[index].read()
      } else if readiness.contains(.closed) {
        connections[index].isClosed = true
      }
      takeRequest(index)
    }

    private mutating func takeRequest(_ index: Int) {
      while !connections[index].isClosed, !connections[index].isWaiting,
        let line = connections[index].takeLine()
      {
        do throws(AdministrationError) {
          let request = try AdministrationRequest(line: line)
          connections[index].isWaiting = true
          calls.put(
            Call(request, connection: connections[index].number, answers: answers))
        } catch {
          connections[index].reply(.refusal(error))
        }
      }
    }
  }
}
