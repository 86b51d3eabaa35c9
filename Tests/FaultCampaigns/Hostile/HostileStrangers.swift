import Benches
import Foundation
import Glibc
import Randomness

/// Unknown peers that open raw TCP connections to the coordinator.
struct HostileStrangers {
  /// The ports of the coordinator.
  let ports: [UInt16]

  /// How many frames a connection writes; the coordinator closes it at the first bad frame.
  private static let burst = 50

  /// Sends frames that break the handshake, many per connection; returns how many.
  func sendFrames(_ count: Int, seed: UInt64) throws -> Int {
    var generator = SplitMix64(seed: seed)
    var sent = 0
    while sent < count {
      let port = ports[Int.random(in: 0..<ports.count, using: &generator)]
      let bytes = attack(&generator)
      let descriptor = try connect(to: port)
      var at = 0
      while at < bytes.count {
        let written = bytes[at...].withUnsafeBytes {
          send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        // The coordinator closed the connection, or did not read it in time.
        if written <= 0 { break }
        at += written
      }
      // Close with a reset, so that no local port stays in TIME_WAIT.
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(
        descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
      close(descriptor)
      sent += Self.burst
    }
    return sent
  }

  /// Opens connections that send nothing and holds them; returns how many.
  ///
  /// - Throws: ``BenchmarkError`` if the limit of open files allows fewer.
  func hold(_ count: Int, seconds: Int) throws -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    getrlimit(resource, &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
    let room = Int(clamping: UInt64(limit.rlim_cur)) - 64
    guard count <= room else {
      throw BenchmarkError(
        "the limit of open files allows \(room) connections, expected \(count); raise `ulimit -n`")
    }
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    for index in 0..<count {
      descriptors.append(try connect(to: ports[index % ports.count]))
    }
    Thread.sleep(forTimeInterval: Double(seconds))
    return descriptors.count
  }

  private func connect(to port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
      throw BenchmarkError("socket: \(String(cString: strerror(errno)))")
    }
    var timeout = timeval(tv_sec: 0, tv_usec: 200_000)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout.size(ofValue: timeout)))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard outcome == 0 else {
      close(descriptor)
      throw BenchmarkError("port \(port): \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// The bytes that one connection sends: a ZMTP 3 handshake (RFC 23, RFC 26) that is broken in one
  /// of several ways.
  private func attack(_ generator: inout SplitMix64) -> [UInt8] {
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: return generator.bytes(64 * Self.burst)
    case 1:
      let greeting = Self.greeting("CURVE")
      return Array(greeting.prefix(Int.random(in: 0..<64, using: &generator)))
    case 2: return Self.greeting("NULL") + Self.command("READY", []) + frames(&generator)
    case 3:
      return Self.greeting("PLAIN") + Self.command("HELLO", [1, 97, 1, 97]) + frames(&generator)
    case 4:
      // A HELLO of the right length with random content.
      return Self.greeting("CURVE") + Self.command("HELLO", [1, 0] + generator.bytes(192))
        + frames(&generator)
    default: return Self.greeting("CURVE") + frames(&generator)
    }
  }

  private static func greeting(_ mechanism: String) -> [UInt8] {
    let name = Array(mechanism.utf8)
    return [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1] + name
      + [UInt8](repeating: 0, count: 20 - name.count + 32)
  }

  private static func command(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let content = [UInt8(name.utf8.count)] + Array(name.utf8) + body
    return [4, UInt8(content.count)] + content
  }

  private func frames(_ generator: inout SplitMix64) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Self.burst {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        // A frame whose length field exceeds every limit.
        bytes += [6, 0x7F] + generator.bytes(7)
      case 1: bytes += Self.command("INITIATE", generator.bytes(100))
      default:
        let content = generator.bytes(Int.random(in: 0...60, using: &generator))
        bytes += [UInt8.random(in: 0...7, using: &generator), UInt8(content.count)] + content
      }
    }
    return bytes
  }
}
