import COneDNN

extension dnnl_memory_desc_t {
  /// A dense fp32 layout of the given extents and format.
  ///
  /// oneDNN: `dnnl_memory_desc_init_by_tag`.
  init(_ extents: [Int], _ format: dnnl_format_tag_t) throws(PrimitiveError) {
    self.init()
    let dimensions = extents.map { dnnl_dim_t($0) }
    try OneDNN.check(
      dnnl_memory_desc_init_by_tag(
        &self, Int32(dimensions.count), dimensions, dnnl_f32, format),
      "dnnl_memory_desc_init_by_tag for extents \(extents)")
  }

  /// Bytes that memory of this layout needs, padding included; 0 for an empty layout.
  var byteCount: Int {
    withUnsafePointer(to: self) { dnnl_memory_desc_get_size($0) }
  }

  /// Whether two layouts put every element at the same place.
  func equals(_ other: dnnl_memory_desc_t) -> Bool {
    withUnsafePointer(to: self) { left in
      withUnsafePointer(to: other) { right in dnnl_memory_desc_equal(left, right) != 0 }
    }
  }
}
