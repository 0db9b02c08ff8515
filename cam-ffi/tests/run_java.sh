#!/bin/sh
# Build the Java artifact with the library inside, test it, and run the examples; compare their documents and tables with those in C.
#
#     cam-ffi/tests/run_java.sh TARGET_DIR [PROFILE_DIR]
#
# Run run_c.sh before: it leaves the log and the documents of the C example in TARGET_DIR/c. Uses the Java of JAVA_HOME, or the default
# one; needs Java 11 or later for the example as a source file, while the artifact itself asks for Java 8.
set -eu
room=$(cd "$(dirname "$0")/.." && pwd)
target=$(cd "$1" && pwd)
lib=$target/${2:-release}
documents=$target/c/json
ours=$target/java-json
maven="mvn -q -B -ntp"
mkdir -p "$ours"
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# In a copy of its own, so that nothing is written beside the sources.
build=$target/java
mkdir -p "$build"
rm -rf "$build/src" "$build/target/classes" "$build/target/test-classes"
cp -r "$room/java/pom.xml" "$room/java/src" "$build"

"$java" -version 2>&1 | head -n 1
$maven -f "$build/pom.xml" package "-Dcam.native=$lib" "-Dcam.documents=$documents" "-Dcam.scores=$ours" "-Dcam.testdata=$room/../cam-core/testdata"
# The library is in the jar: nothing says where it is.
"$java" -cp "$build/target/cam-0.1.0.jar:$build/target/lib/*" "$room/java/examples/Cdnow.java" "$target/c/cdnow.csv" --json "$ours"
for id in bg_nbd pareto_nbd gamma_gamma; do
    cmp "$documents/$id.json" "$ours/$id.json"
done
echo "the documents are those of the C example, byte for byte"
"$java" -cp "$build/target/cam-0.1.0.jar:$build/target/lib/*" "$room/java/examples/Registry.java" "$target/c/cdnow.csv" | tee "$build/registry.txt"
# All but the times.
for table in "$target/c/registry.txt" "$build/registry.txt"; do
    sed 's/  [0-9.]* ms$//' "$table" > "$table.timeless"
done
cmp "$target/c/registry.txt.timeless" "$build/registry.txt.timeless"
echo "the table of the registry is that of the C program"
