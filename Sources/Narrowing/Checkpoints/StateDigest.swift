import Digests
import TensorFiles
import Trials

/// Names a trainer's whole state between two steps.
///
/// SHA-256 over the tensors of ``Checkpoint``, sorted by the bytes of their names. Of each tensor,
/// first a line of text, `<name> <type> <dimensions, separated by commas>` and a line feed, then its
/// elements, little-endian, in row-major order. A scalar has no dimensions, so that its line ends
/// with the space. Nothing else goes into it: no host, time, path, trajectory or configuration, so
/// equal states of two hosts have equal digests.
package enum StateDigest {
  /// The digest of a trainer's state.
  package static func of(_ trainer: Trainer) -> Digest { of(Checkpoint.tensors(of: trainer)) }

  static func of(_ tensors: [Safetensors.Tensor]) -> Digest {
    var stream = DigestStream()
    for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      let dimensions = tensor.shape.map(String.init).joined(separator: ",")
      stream.append(Array("\(tensor.name) \(tensor.elementType.rawValue) \(dimensions)\n".utf8))
      stream.append(tensor.bytes)
    }
    return stream.digest
  }
}
