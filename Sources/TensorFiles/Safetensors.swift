import Foundation

/// Named tensors and text metadata in the safetensors format of PyTorch and others.
///
/// A file is eight bytes with the header's length N, little-endian; N bytes of JSON,
/// `{"__metadata__": {key: text}, name: {"dtype": …, "shape": […], "data_offsets": [begin, end]}}`
/// padded with spaces; and the data, which the offsets count from. Written files have sorted keys
/// and data that begins at a multiple of 64 bytes, larger element types first, so equal content
/// gives equal bytes and every tensor is aligned.
package struct Safetensors: Hashable, Sendable {
  /// Free text by key.
  package var metadata: [String: String]
  /// The tensors; names are unique.
  package var tensors: [Tensor]

  /// A file with the given content.
  package init(metadata: [String: String], tensors: [Tensor]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The tensor of a name; nil if there is none.
  package subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// A tensor's type and shape, for errors.
  package static func describe(_ tensor: Tensor?) -> String {
    tensor.map { "\($0.elementType.rawValue) \($0.shape)" } ?? "nothing"
  }

  /// Element types that this product writes and reads; the raw value is the format's name.
  package enum ElementType: String, CaseIterable, Codable, Sendable {
    /// IEEE double precision.
    case float64 = "F64"
    /// 64-bit signed integers.
    case int64 = "I64"
    /// IEEE single precision.
    case float32 = "F32"
    /// Bytes.
    case uint8 = "U8"

    /// Bytes of one element.
    package var byteCount: Int {
      switch self {
      case .float64, .int64: 8
      case .float32: 4
      case .uint8: 1
      }
    }
  }

  /// A Swift type that a tensor's elements can have.
  package protocol Element: BitwiseCopyable {
    /// The format's type of the same layout.
    static var elementType: ElementType { get }
    /// The initial value of buffers.
    static var zero: Self { get }
  }

  /// One tensor: little-endian elements, the last extent varying fastest.
  package struct Tensor: Hashable, Sendable {
    /// Unique name, such as `encoder.conv1.weight`.
    package let name: String
    /// Type of the elements.
    package let elementType: ElementType
    /// Extents, slowest first; empty for a single number.
    package let shape: [Int]
    /// The elements' bytes.
    package let bytes: Data

    init(name: String, elementType: ElementType, shape: [Int], bytes: Data) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
      self.bytes = bytes
    }

    /// A tensor with a copy of elements, whose number must fit the shape.
    package init<Value: Element>(
      name: String, shape: [Int], elements: UnsafeBufferPointer<Value>
    ) {
      precondition(
        elements.count == shape.reduce(1, *), "\(name) has as many elements as its shape")
      self.init(
        name: name, elementType: Value.elementType, shape: shape, bytes: Data(buffer: elements))
    }

    /// A tensor with a copy of elements, whose number must fit the shape.
    package init<Value: Element>(name: String, shape: [Int], elements: [Value]) {
      self = elements.withUnsafeBufferPointer { Tensor(name: name, shape: shape, elements: $0) }
    }

    /// The elements; nil if they have another type.
    package func elements<Value: Element>(as type: Value.Type) -> [Value]? {
      guard elementType == Value.elementType else { return nil }
      var elements = [Value](repeating: .zero, count: bytes.count / elementType.byteCount)
      elements.withUnsafeMutableBytes { _ = bytes.copyBytes(to: $0) }
      return elements
    }
  }
}

extension Double: Safetensors.Element {
  package static var elementType: Safetensors.ElementType { .float64 }
}

extension Int64: Safetensors.Element {
  package static var elementType: Safetensors.ElementType { .int64 }
}

extension Float: Safetensors.Element {
  package static var elementType: Safetensors.ElementType { .float32 }
}

extension UInt8: Safetensors.Element {
  package static var elementType: Safetensors.ElementType { .uint8 }
}
