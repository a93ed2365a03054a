"""The part of a training that needs Keras and TensorFlow; nothing else in gdviz may import it when it is loaded."""
