import ArgumentParser
import Enrolment
import Foundation
import Messaging
import Trials
import Wire

/// `benchmarks hostile`: peers that mean harm, at a coordinator that runs elsewhere.
///
/// The load is bounded in number, and only for loopback addresses.
struct HostileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hostile",
    abstract: "Sends malformed frames to a running coordinator on this machine.",
    discussion: """
      Three attacks, one after the other: strangers, raw TCP connections that break the handshake \
      in many ways; a flood of connections that say nothing; and a member, an admitted peer (or \
      any, where connections are plain) that sends random, mutated, truncated, oversized, replayed \
      and endless messages on both connections. With --watch, the memory of that process is \
      printed before and after each. The sweep's results are to be compared with an undisturbed \
      run's.
      """)

  @Argument(help: "The coordinator's control endpoint, at a loopback address.")
  var endpoint: String

  @Option(help: "Frames or messages in each attack that has any.")
  var frames = 1_000_000

  @Option(help: "Connections of the flood, held open at once.")
  var connections = 2000

  @Option(help: "How long the flood lasts, in seconds.")
  var holding = 15

  @Option(help: "Folder of the member's keys; a plain connection without it.")
  var keys: String?

  @Option(help: "Process id of the coordinator.")
  var watch: Int32?

  @Option(help: "Seed of everything that is random.")
  var seed: UInt64 = 1

  func run() throws {
    let control = try Endpoint(endpoint)
    guard control.isLocal, control.port != nil else {
      throw BenchmarkError("\(endpoint): expected a TCP endpoint at a loopback address")
    }
    let security =
      try keys.map {
        try WorkerCredentials(KeyFolder(URL(filePath: $0, directoryHint: .isDirectory))).security
      } ?? .plain
    let member = try HostileMember(control, security: security, seed: seed)
    let dataPort = try member.dataPort()
    print("data connection at port \(dataPort)")
    var table = TextTable("attack", "sent", "seconds", "per second", "MiB before", "MiB after")
    func measure(_ name: String, _ attack: () throws -> Int) rethrows {
      let (before, clock) = (residentMiB, ContinuousClock())
      let start = clock.now
      let count = try attack()
      let seconds = (clock.now - start) / .seconds(1)
      let after = residentMiB
      table.add(
        name, "\(count)", seconds.text(1), (Double(count) / seconds).text(0), before, after)
      // An attack may take minutes, and more are to come.
      print("\(name): \(count) in \(seconds.text(1)) s, \(before) → \(after) MiB")
      fflush(nil)
    }
    let strangers = HostileStrangers(ports: [control.port ?? 0, dataPort], seed: seed)
    try measure("strangers, frames") { try strangers.sendFrames(frames) }
    try measure("strangers, silent") { try strangers.hold(connections, seconds: holding) }
    try measure("member, control") { try member.attackControl(frames) }
    try measure("member, data") { try member.attackData(frames, port: dataPort) }
    print(table.text, terminator: "")
    print("the coordinator still answers: \(try member.dataPort() == dataPort)")
  }

  /// Resident memory of the process that is watched.
  private var residentMiB: String {
    guard let watch else { return "-" }
    let status = (try? String(contentsOfFile: "/proc/\(watch)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Double($0) }.map { ($0 / 1024).text(1) } ?? "gone"
  }
}
