import Digests
import TensorFiles
import Trials

/// The digest that identifies a trainer's state between two steps.
///
/// SHA-256 over the tensors of ``Checkpoint``, sorted by the bytes of their names. Each tensor
/// contributes a line of text, `<name> <type> <dimensions, separated by commas>` and a line feed,
/// then its elements, little-endian, in row-major order. A scalar has no dimensions, so its line
/// ends with the space. Host, time, path, trajectory and configuration are not included, so equal
/// states on two hosts have equal digests.
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
