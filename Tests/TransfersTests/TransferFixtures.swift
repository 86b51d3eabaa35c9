import Digests
import Foundation
import Messaging
import TestSupport
import Transfers

/// Bytes without a pattern that a mistake in offsets could hide in.
func sampleBytes(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed &* 2_654_435_761 | 1
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

/// A coordinator's blob server on this host, with its store in a temporary folder.
final class ServerFixture: Sendable {
  let folder: TemporaryFolder
  let context: Context
  let store: BlobStore
  let server: BlobServer

  init(byteCountMaximum: Int = 1 << 30) throws {
    folder = try TemporaryFolder()
    context = try Context()
    store = try BlobStore(
      folder: folder.file("blobs"), byteCountMaximum: byteCountMaximum)
    server = try BlobServer(
      context, endpoint: "tcp://127.0.0.1:*", store: store, options: .quickData)
  }

  deinit { server.stop() }

  func client() throws -> BlobClient {
    try BlobClient(
      context, endpoint: server.endpoint, settings: .quick, options: .quickData)
  }
}

extension SocketOptions {
  static var quickData: SocketOptions {
    var options = SocketOptions.data
    options.reconnectInterval = .milliseconds(5)
    options.reconnectIntervalMaximum = .milliseconds(50)
    return options
  }
}

extension TransferSettings {
  static var quick: TransferSettings {
    var settings = TransferSettings()
    settings.retryInterval = .milliseconds(50)
    settings.stallTimeout = .seconds(600)
    return settings
  }
}

/// Sizes at the edges of pieces, and one of many pieces.
let edgeSizes = [0, 1, 65_535, 65_536, 65_537, 3 * 65_536, 5_000_001]
