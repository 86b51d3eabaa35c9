import Benches
import Foundation
import Glibc

/// A child process that answers each line of JSON with a line of JSON.
final class Companion {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var received = Data()

  /// Starts a program; its standard error is ours.
  init(_ executable: URL, _ arguments: [String]) throws {
    // Writing to a child that has ended must fail without a signal.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = executable
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      throw BenchmarkError("cannot start \(executable.path): \(error.localizedDescription)")
    }
  }

  deinit {
    // The child ends at the end of its input.
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Sends a request without waiting.
  func send(_ request: some Encodable) throws {
    var line = try JSONEncoder().encode(request)
    line.append(UInt8(ascii: "\n"))
    do {
      try input.fileHandleForWriting.write(contentsOf: line)
    } catch {
      throw ended
    }
  }

  /// Waits for the next answer.
  func receive<Answer: Decodable>(_: Answer.Type) throws -> Answer {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(received[..<end])
        received = Data(received[(end + 1)...])
        return try JSONDecoder().decode(Answer.self, from: line)
      }
      let chunk = output.fileHandleForReading.availableData
      if chunk.isEmpty { throw ended }
      received.append(chunk)
    }
  }

  private var ended: BenchmarkError {
    BenchmarkError(
      "\(process.executableURL?.lastPathComponent ?? "the child") ended before it answered")
  }
}
