// Command limits is what a server in Go can do at most: gin serving bytes from memory,
// without middleware. It serves the files of a folder, each at its name, with the
// content encoding that its name ends with, and an empty 304 at /304. It prints its
// address.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gin-gonic/gin"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("limits: name the folder of what is to be served")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal("limits: ", err)
	}
}

func run(folder string) error {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/304", func(c *gin.Context) { c.Status(http.StatusNotModified) })
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		body, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		encoding := map[string]string{".gzip": "gzip", ".zstd": "zstd"}[filepath.Ext(entry.Name())]
		router.GET("/"+entry.Name(), func(c *gin.Context) {
			if encoding != "" {
				c.Header("Content-Encoding", encoding)
			}
			// Without it the body would be sent in chunks, which is slower.
			c.Header("Content-Length", strconv.Itoa(len(body)))
			c.Data(http.StatusOK, "application/json; charset=utf-8", body)
		})
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("serves at http://%s\n", listener.Addr())
	return http.Serve(listener, router) // as gin's Run does
}
