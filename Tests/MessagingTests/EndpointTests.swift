import Testing

@testable import Messaging

@Suite("Endpoints")
struct EndpointTests {
  @Test(
    "Endpoints are read and written as ZeroMQ writes them",
    arguments: [
      ("tcp://host.example:5750", Endpoint.tcp(host: "host.example", port: 5750)),
      ("tcp://*:*", .tcp(host: "*", port: nil)),
      ("tcp://[::1]:1", .tcp(host: "[::1]", port: 1)),
      ("ipc:///run/sweep", .ipc(path: "/run/sweep")),
    ])
  func roundTrip(text: String, endpoint: Endpoint) throws {
    #expect(try Endpoint(text) == endpoint)
    #expect(endpoint.description == text)
  }

  @Test("An error of a socket is told in words, without a number")
  func words() {
    let refused = MessagingError(code: .permissionDenied, operation: "zmq_bind", context: "x")
    #expect(refused.description == "zmq_bind x: Permission denied")
    let full = MessagingError(code: .tooManyFiles, operation: "zmq_socket", context: "type 6")
    #expect(full.description.hasSuffix("Too many open files; raise the limit with ulimit -n"))
  }

  @Test("Port 0 means any port")
  func anyPort() throws {
    #expect(try Endpoint("tcp://*:0").port == nil)
  }

  @Test(
    "Invalid endpoints are refused with what was found and expected",
    arguments: [
      "", "host:5750", "tcp://host", "tcp://:5750", "tcp://host:", "tcp://host:65536",
      "tcp://host:-1", "tcp://host:+5", "tcp://::1:5750", "tcp://ho st:1", "tcp://host/x:1",
      "ipc://", "udp://h:1", "tcp://a;b:1", "tcp://10.0.0.1:0;host:5750",
      "ipc://" + String(repeating: "x", count: 108),
    ])
  func refused(text: String) {
    let error = #expect(throws: EndpointError.self) { try Endpoint(text) }
    #expect(error?.found == text)
  }

  @Test(
    "An endpoint to connect to has a specific host and port",
    arguments: ["tcp://*:5750", "tcp://host:*", "tcp://host:0"])
  func unconnectable(text: String) throws {
    _ = try Endpoint(text)
    let error = #expect(throws: EndpointError.self) { try Endpoint(connectingTo: text) }
    #expect(error?.found == text)
    #expect(try Endpoint(connectingTo: "tcp://host:5750").port == 5750)
  }

  @Test("The data connection goes to the same host at another port")
  func otherPort() throws {
    #expect(
      try Endpoint("tcp://[fe80::1]:5750").with(port: 9)?.description == "tcp://[fe80::1]:9")
    #expect(try Endpoint("ipc://x").with(port: 9) == nil)
  }

  @Test(
    "Loopback endpoints are local, others are not",
    arguments: [
      ("tcp://127.0.0.1:1", true), ("tcp://127.9.9.9:1", true), ("tcp://[::1]:1", true),
      ("tcp://localhost:1", true), ("ipc://x", true), ("tcp://*:1", false),
      ("tcp://0.0.0.0:1", false), ("tcp://10.0.0.1:1", false), ("tcp://127.example:1", false),
    ])
  func local(text: String, isLocal: Bool) throws {
    #expect(try Endpoint(text).isLocal == isLocal)
  }
}
