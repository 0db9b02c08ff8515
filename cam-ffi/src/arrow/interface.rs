//! The three structs of the Arrow C data and stream interfaces, and who owns them.

use super::columns::Kind;
use crate::guard::bad_argument;
use cam_core::{Error, ErrorKind, Result};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

/// A type: the struct of the specification, field by field.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    /// The type, in the format language of the specification.
    pub format: *const c_char,
    /// The name of the field, or NULL.
    pub name: *const c_char,
    /// Metadata, or NULL.
    pub metadata: *const c_char,
    /// Flags.
    pub flags: i64,
    /// The number of children.
    pub n_children: i64,
    /// The children.
    pub children: *mut *mut ArrowSchema,
    /// The type of the values of a dictionary, or NULL.
    pub dictionary: *mut ArrowSchema,
    /// How it is released; none once it was.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// Values: the struct of the specification, field by field.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    /// The number of values.
    pub length: i64,
    /// The number of nulls; −1 where it was not counted.
    pub null_count: i64,
    /// The values before the first in the buffers.
    pub offset: i64,
    /// The number of buffers.
    pub n_buffers: i64,
    /// The number of children.
    pub n_children: i64,
    /// The buffers; the first holds the validity bits, or is NULL.
    pub buffers: *mut *const c_void,
    /// The children.
    pub children: *mut *mut ArrowArray,
    /// The values of a dictionary, or NULL.
    pub dictionary: *mut ArrowArray,
    /// How it is released; none once it was.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// A stream of arrays of one type: the struct of the specification, field by field.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    /// Gives the type; 0 or an errno.
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    /// Gives the next array, a released one at the end; 0 or an errno.
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    /// Says what went wrong in the last call, or NULL.
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    /// How it is released; none once it was.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidShape, message).with_field("stream")
}

/// A stream that is ours; released when dropped.
pub(crate) struct Stream(ArrowArrayStream);

impl Stream {
    /// Move the stream out of the caller's struct, which is marked as released, as the specification has it.
    ///
    /// # Safety
    /// The pointer is NULL, or points to a stream that nobody else uses.
    pub(crate) unsafe fn take(stream: *mut ArrowArrayStream) -> Result<Stream> {
        // SAFETY: by the contract of this function.
        let source = unsafe { crate::guard::borrow_mut(stream, "stream") }?;
        if source.release.is_none() {
            return Err(bad_argument("stream", "has been released already"));
        }
        let released = ArrowArrayStream {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: ptr::null_mut(),
        };
        Ok(Stream(std::mem::replace(source, released)))
    }

    fn failed(&mut self, what: &str, errno: c_int) -> Error {
        let message = self.0.get_last_error.map_or(ptr::null(), |last| {
            // SAFETY: the stream is alive, and is asked after a call that failed.
            unsafe { last(&mut self.0) }
        });
        let reason = if message.is_null() {
            String::new()
        } else {
            // SAFETY: the specification promises a NUL-terminated text that lives until the next call.
            format!(": {}", unsafe { CStr::from_ptr(message) }.to_string_lossy())
        };
        broken(format!("the stream could not give its {what} (errno {errno}){reason}"))
    }

    pub(crate) fn schema(&mut self) -> Result<Schema> {
        let get = self.0.get_schema.ok_or_else(|| broken("the stream has no get_schema"))?;
        let mut schema = MaybeUninit::<ArrowSchema>::zeroed();
        // SAFETY: the stream is alive; the schema is a place to be written.
        let errno = unsafe { get(&mut self.0, schema.as_mut_ptr()) };
        if errno != 0 {
            return Err(self.failed("schema", errno));
        }
        // SAFETY: all zeros are a valid (released) schema, and a success has written one over it.
        let schema = Schema(unsafe { schema.assume_init() });
        match schema.0.release {
            Some(_) => Ok(schema),
            None => Err(broken("the stream gave a schema that was released already")),
        }
    }

    /// The next batch, or none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let get = self.0.get_next.ok_or_else(|| broken("the stream has no get_next"))?;
        let mut array = MaybeUninit::<ArrowArray>::zeroed();
        // SAFETY: the stream is alive; the array is a place to be written.
        let errno = unsafe { get(&mut self.0, array.as_mut_ptr()) };
        if errno != 0 {
            return Err(self.failed("next batch", errno));
        }
        // SAFETY: all zeros are a valid (released) array, and a success has written one over it.
        let array = unsafe { array.assume_init() };
        Ok(array.release.is_some().then_some(Batch(array)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the stream is ours and alive; nobody else can release it.
            unsafe { release(&mut self.0) };
        }
    }
}

/// A schema that is ours; released when dropped.
pub(crate) struct Schema(ArrowSchema);

/// A column of a schema.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) format: String,
    dictionary: bool,
}

impl Field {
    /// What its values are; none for a type that is not read here.
    pub(crate) fn kind(&self) -> Option<Kind> {
        if self.dictionary { None } else { Kind::of(&self.format) }
    }
}

impl Schema {
    /// The columns.
    pub(crate) fn fields(&self) -> Result<Vec<Field>> {
        // SAFETY: the schema is alive, so its texts are.
        let format = unsafe { owned(self.0.format) };
        if format != "+s" {
            return Err(broken(format!("the stream must give record batches (format +s), got {format:?}")));
        }
        // SAFETY: the schema is alive, and its producer vouches for the children.
        let children = unsafe { children(self.0.n_children, self.0.children) }?;
        children
            .iter()
            .map(|&child| {
                // SAFETY: as above.
                let child =
                    unsafe { child.as_ref() }.ok_or_else(|| broken("a field of the schema is NULL"))?;
                let dictionary = !child.dictionary.is_null();
                // SAFETY: the child is alive as long as its parent, and so are its texts.
                let (name, format) = unsafe { (owned(child.name), owned(child.format)) };
                let format = if dictionary { format!("dictionary of {format}") } else { format };
                Ok(Field { name, format, dictionary })
            })
            .collect()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the schema is ours and alive; nobody else can release it.
            unsafe { release(&mut self.0) };
        }
    }
}

/// A record batch that is ours; released when dropped.
pub(crate) struct Batch(ArrowArray);

impl Batch {
    /// The batch itself and the child of that number.
    pub(crate) fn child(&self, index: usize) -> Result<(&ArrowArray, &ArrowArray)> {
        // SAFETY: the array is alive, and its producer vouches for the children.
        let children = unsafe { children(self.0.n_children, self.0.children) }?;
        // SAFETY: as above.
        let child = children.get(index).and_then(|&child| unsafe { child.as_ref() });
        Ok((&self.0, child.ok_or_else(|| broken(format!("a batch has no column {index}")))?))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the array is ours and alive; nobody else can release it.
            unsafe { release(&mut self.0) };
        }
    }
}

/// # Safety
/// The producer vouches that `pointers` holds `count` pointers.
unsafe fn children<'a, T>(count: i64, pointers: *mut *mut T) -> Result<&'a [*mut T]> {
    let count = usize::try_from(count).map_err(|_| broken(format!("{count} columns")))?;
    // SAFETY: by the contract of this function.
    unsafe { crate::guard::slice(pointers.cast_const(), count, "stream") }
}

/// # Safety
/// NULL or a NUL-terminated text.
unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the contract of this function.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
