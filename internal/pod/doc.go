// Package pod is the model that the other packages share: what a pod should
// be ([Spec], [Component]), what was seen of it ([Observed], [Exit], [Health])
// and the words for both.
//
// It is plain data. Nothing here does I/O, knows Docker or decides anything.
// The definition of a single container is compose-go's types.ServiceConfig,
// because that is what users write; everything that only a pod has stands
// beside it.
package pod
