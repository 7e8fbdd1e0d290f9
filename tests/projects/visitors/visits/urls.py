from django.urls import path

from visits import views

urlpatterns = [
    path("shows/<int:pk>/", views.show),
    path("sign-in/<str:name>/", views.sign_in),
    path("me/", views.me),
    path("public/", views.public),
    path("broken/", views.broken),
    path("file/", views.file),
    path("stream/<int:parts>/", views.stream),
    path("broken-stream/", views.broken_stream),
    path("async/", views.asynchronous),
    path("async/broken/", views.broken_asynchronously),
    path("async/waiting/", views.waiting),
    path("async/stream/<int:parts>/", views.stream_asynchronously),
    path("async/broken-stream/", views.broken_asynchronous_stream),
]
