// The consumer, in Rust, with bindings by hand: what crosses the border of a component is a few core values and
// pointers into this module's own memory (Component Model, canonical ABI). It does not know who provides the store.
use std::alloc::{alloc, handle_alloc_error, realloc, Layout};

#[link(wasm_import_module = "example:secret-store/store@0.1.0")]
extern "C" {
    #[link_name = "get"]
    fn store_get(key: *const u8, length: usize, result: *mut GetResult);
    #[link_name = "reveal"]
    fn store_reveal(secret: u32, result: *mut Value);
    #[link_name = "[resource-drop]secret"]
    fn store_drop(secret: u32);
}

/// result<secret, error>
#[repr(C)]
struct GetResult {
    is_error: u8,
    payload: u32, // the handle, or the error in the first byte
}
/// variant value: text and bytes lie in memory alike
#[repr(C)]
struct Value {
    case: u8,
    data: *mut u8,
    length: usize,
}
/// result<string, error>
#[repr(C)]
pub struct SignResult {
    is_error: u8,
    data: *mut u8, // or the error in the first byte
    length: usize,
}

/// A handle, dropped when this is.
struct Secret(u32);
impl Drop for Secret {
    fn drop(&mut self) {
        unsafe { store_drop(self.0) }
    }
}
impl Secret {
    fn get(key: &[u8]) -> Result<Secret, u8> {
        let mut result = GetResult { is_error: 0, payload: 0 };
        unsafe { store_get(key.as_ptr(), key.len(), &mut result) };
        if result.is_error == 0 { Ok(Secret(result.payload)) } else { Err(result.payload as u8) }
    }
    fn reveal(&self) -> Vec<u8> {
        let mut value = Value { case: 0, data: std::ptr::null_mut(), length: 0 };
        unsafe {
            store_reveal(self.0, &mut value);
            take(value.data, value.length)
        }
    }
}

/// A keyed hash (FNV-1a): enough for an example, and for nothing else.
fn hash(parts: &[&[u8]]) -> u64 {
    parts.iter().flat_map(|part| part.iter()).fold(0xcbf29ce484222325, |h, byte| {
        (h ^ u64::from(*byte)).wrapping_mul(0x100000001b3)
    })
}

fn sign(key: &[u8], message: &[u8]) -> Result<String, u8> {
    let secret = Secret::get(key)?.reveal();
    Ok(format!("{:016x}", hash(&[&secret, message, &secret])))
}

// ---- what the component exports

/// Values that we are given were allocated by cabi_realloc.
unsafe fn take(data: *mut u8, length: usize) -> Vec<u8> {
    if length == 0 { Vec::new() } else { Vec::from_raw_parts(data, length, length) }
}

#[export_name = "sign"]
pub unsafe extern "C" fn export_sign(key: *mut u8, key_length: usize, message: *mut u8, message_length: usize)
    -> *mut SignResult {
    let (key, message) = (take(key, key_length), take(message, message_length));
    Box::into_raw(Box::new(match sign(&key, &message) {
        Ok(text) => {
            let text = Box::leak(text.into_boxed_str().into_boxed_bytes());
            SignResult { is_error: 0, data: text.as_mut_ptr(), length: text.len() }
        }
        Err(error) => SignResult { is_error: 1, data: usize::from(error) as *mut u8, length: 0 },
    }))
}

/// Called when the result has been read.
#[export_name = "cabi_post_sign"]
pub unsafe extern "C" fn post_sign(result: *mut SignResult) {
    let result = Box::from_raw(result);
    if result.is_error == 0 {
        drop(take(result.data, result.length));
    }
}

#[export_name = "cabi_realloc"]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    let layout = Layout::from_size_align_unchecked(size, align);
    let new = if old_size == 0 {
        alloc(layout)
    } else {
        realloc(old, Layout::from_size_align_unchecked(old_size, align), size)
    };
    if new.is_null() {
        handle_alloc_error(layout);
    }
    new
}
