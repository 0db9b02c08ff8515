package cam;

import com.sun.jna.Pointer;
import java.util.function.Function;

/** A handle of the native library: counted while in use, and freed once it is closed and nobody uses it any more. */
abstract class Handle implements AutoCloseable {
    private final Pointer pointer;
    private int users;
    private boolean closed;

    Handle(Pointer pointer) {
        this.pointer = pointer;
    }

    /** Give the handle back to the library. */
    abstract void free(Pointer pointer);

    /** Do something with the handle, which lives at least until it is done. */
    final <T> T use(Function<Pointer, T> work) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(getClass().getSimpleName() + " is closed");
            }
            users++;
        }
        try {
            return work.apply(pointer);
        } finally {
            synchronized (this) {
                users--;
                if (closed && users == 0) {
                    free(pointer);
                }
            }
        }
    }

    /** The same where there may be no handle: NULL for the library. */
    static <T> T useOptional(Handle handle, Function<Pointer, T> work) {
        return handle == null ? work.apply(null) : handle.use(work);
    }

    /** Free it, now or as soon as the calls that use it have come back. Closing twice does nothing. */
    @Override
    public final void close() {
        synchronized (this) {
            if (!closed) {
                closed = true;
                if (users == 0) {
                    free(pointer);
                }
            }
        }
    }
}
