package main

import (
	"fmt"
	"os"
)

var version = "unknown"

func main() {
	fmt.Printf("go %s as %d\n", version, os.Getuid())
}
