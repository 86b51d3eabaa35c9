import Foundation

/// What models, reconstructions and checkpoints say about themselves.
enum BlobMetadata {
  /// Safetensors headers of ours have some ten thousand bytes.
  private static let headerByteCountMaximum = 1 << 20

  /// The metadata of a safetensors file; nil when it is none or has none.
  static func read(_ url: URL) -> [String: String]? {
    guard let file = try? FileHandle(forReadingFrom: url) else { return nil }
    defer { try? file.close() }
    guard let length = try? file.read(upToCount: 8), length.count == 8 else { return nil }
    let byteCount = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard byteCount <= headerByteCountMaximum,
      let header = try? file.read(upToCount: Int(byteCount)), header.count == Int(byteCount),
      let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any]
    else { return nil }
    return object["__metadata__"] as? [String: String]
  }
}
